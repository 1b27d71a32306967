#!/usr/bin/env node
// First, so that all other modules come from the pack.
// oxlint-disable-next-line import/no-unassigned-import
import './packed-modules';
import { runCommandLine } from './cli/command-line';

runCommandLine();
