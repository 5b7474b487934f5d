/**
 * Says which Node is needed, where another one runs a file of this clone. In plain JavaScript of old, so that it can: nothing else here can
 * be parsed by a Node that knows no types.
 */

/**
 * What to tell whoever started the wrong one; undefined if it is the right one.
 * @param {string} version
 * @param {string} path
 * @returns {string | undefined}
 */
export function wrongNode(version, path) {
  if (/^24\./.test(version)) return undefined;
  return `需要 Node 24 Hufhir needs Node 24; this is Node ${version} (${path}). \`npm ci\` brings the right one into this folder, and \`npm start\`, \`npm run demo\`, \`npm run <script>\` and \`npx hufhir <command>\` use it.`;
}

const told = wrongNode(process.versions.node, process.execPath);
if (told !== undefined) {
  console.error(told);
  process.exit(1);
}
