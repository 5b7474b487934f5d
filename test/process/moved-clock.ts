/** A clock that a test moves: `Date.now` of this process and its threads, by as many milliseconds as a file says. */
import { readFileSync } from 'node:fs';

const { HUFHIR_TEST_CLOCK: file } = process.env;
const now = Date.now;
if (file !== undefined) Date.now = () => now() + Number(readFileSync(file, 'utf8'));
