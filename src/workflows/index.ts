export { replaceEngine } from './replace-engine';
export { vpn } from './vpn';
