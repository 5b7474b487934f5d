/* global SwaggerUIBundle */

const status = document.getElementById('status');
const choice = document.getElementById('type');

/** The document of the server that gave this page. */
async function load() {
  const response = await fetch('../openapi.json');
  if (!response.ok) throw new Error(`openapi.json: ${response.status}`);
  const spec = await response.json();
  // Where the page was not asked for under the server's public address, requests go where the page came from.
  if (new URL(spec.servers[0].url).origin !== location.origin) spec.servers.reverse();
  return spec;
}

/** What is about these tags, with the components that it refers to: Swagger UI takes seconds for 146 types. */
function excerpt(spec, tags) {
  const isAbout = (item) => Object.values(item).some((operation) => operation.tags?.some((tag) => tags.includes(tag)));
  const paths = Object.fromEntries(Object.entries(spec.paths).filter(([, item]) => isAbout(item)));
  const { securitySchemes } = spec.components;
  const components = securitySchemes === undefined ? {} : { securitySchemes };
  const keep = (part) => {
    for (const [, section, name] of JSON.stringify(part).matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)) {
      components[section] ??= {};
      if (Object.hasOwn(components[section], name)) continue;
      components[section][name] = spec.components[section][name];
      keep(components[section][name]);
    }
  };
  keep(paths);
  return { ...spec, tags: tags.map((name) => spec.tags.find((tag) => tag.name === name)), paths, components };
}

/** The type that the page's address names, as in `api/#Observation`. */
function asked(spec) {
  const type = location.hash.slice(1);
  return spec.tags.some((tag) => tag.name === type) ? type : 'Patient';
}

try {
  const spec = await load();
  const types = spec.tags.map((tag) => tag.name).filter((name) => name !== 'system');
  choice.replaceChildren(...types.map((type) => new Option(type)));
  choice.value = asked(spec);
  const ui = SwaggerUIBundle({
    spec: excerpt(spec, [choice.value, 'system']),
    domNode: document.getElementById('api'),
    validatorUrl: null,
    docExpansion: 'list',
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
  });
  choice.addEventListener('change', () => {
    location.hash = choice.value;
  });
  addEventListener('hashchange', () => {
    choice.value = asked(spec);
    ui.specActions.updateSpec(JSON.stringify(excerpt(spec, [choice.value, 'system'])));
  });
  status.remove();
} catch (error) {
  status.setAttribute('role', 'alert');
  status.textContent = `无法读取接口说明 The API could not be read: ${error.message}`;
}
