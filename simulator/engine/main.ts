// The main program of a simulated AceStream engine container.
import { ownProcess } from '../inside/own-process';
import { runEngine } from './program';

void runEngine(ownProcess());
