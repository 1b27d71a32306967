export { fleet } from './fleet/workflow';
export { replaceEngine } from './replacement/workflow';
export { vpn } from './vpn/workflow';
