/** This package's version, as package.json has it: in a Worker there is no file to read it from. */
export const version = '0.1.0'
