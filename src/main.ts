#!/usr/bin/env node
// First, so that all other modules come from the pack.
import './packed-modules';
import { runCommandLine } from './cli/command-line';

runCommandLine();
