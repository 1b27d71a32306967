export { fleet } from './fleet';
export { replaceEngine } from './replace-engine';
export { vpn } from './vpn';
