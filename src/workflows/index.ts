export { fleet } from './fleet';
export { replaceEngine } from './replacement/workflow';
export { vpn } from './vpn';
