/** Error codes of the command line, of `base` and of `model`. Codes are never renamed or reused. */
import type { CodeRow } from './code-row.ts'

export const cliCodes = {
  SL_CLI_USAGE: {
    summary: 'The command line is not one that sightline understands',
    hint: 'Run the command with --help to see its arguments and flags.',
    exitCode: 64,
    httpStatus: 400,
    retryable: false,
  },
  SL_CLI_CANNOT_WRITE: {
    summary: 'A file or stream could not be written',
    hint: 'Check that the folder exists, is writable, and that the disk is not full.',
    exitCode: 73,
    httpStatus: 500,
    retryable: false,
  },
  SL_CLI_BINARY_TO_TERMINAL: {
    summary: 'Binary output was about to go to a terminal',
    hint: 'Give --out FILE, or send stdout into a file or another program.',
    exitCode: 64,
    httpStatus: 400,
    retryable: false,
  },
  SL_CLI_NODE_TOO_OLD: {
    summary: 'The Node.js that runs sightline is older than 24 and no newer one is bundled',
    hint: 'Install Node.js 24 or newer, or run `npm ci` in the clone: it brings one.',
    exitCode: 69,
    httpStatus: 500,
    retryable: false,
  },
  SL_CLI_INTERNAL: {
    summary: 'Sightline itself failed: this is our fault, not yours',
    hint: 'Run again with --log-level debug and report what it prints.',
    exitCode: 70,
    httpStatus: 500,
    retryable: false,
  },
  SL_CLI_BAD_CONFIG: {
    summary: 'A configuration file or environment variable has a value that cannot be used',
    hint: 'Correct the setting that the message names.',
    exitCode: 78,
    httpStatus: 500,
    retryable: false,
  },
} as const satisfies Record<string, CodeRow>
