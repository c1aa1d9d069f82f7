#!/usr/bin/env node
// There before the first build, so that an installation in a clone finds the command.
import '../dist/cli.js'
