#!/usr/bin/env node
import './node-version.js';

// Not before the line above: an old Node refuses it with words of its own.
import('../src/main.ts');
