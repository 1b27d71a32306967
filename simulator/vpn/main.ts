// The main program of a simulated Gluetun container.
import { ownProcess } from '../inside/own-process';
import { runVpn } from './program';

runVpn(ownProcess());
