// What a simulated AceStream engine container runs.
import { ownProcess } from '../inside/own-process';
import { runEngine } from './program';

void runEngine(ownProcess());
