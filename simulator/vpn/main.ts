// What a simulated Gluetun container runs.
import { ownProcess } from '../inside/own-process';
import { runVpn } from './program';

runVpn(ownProcess());
