// How many tests passed and failed, from the runners' JSON reports. A report that is missing or that shows less
// than the exit code tells counts as a failure: a runner that crashed has not passed.

import { existsSync, readFileSync } from 'node:fs'

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/** @param {string} file @param {(report: any) => Counts} count @param {boolean} ok @returns {Counts} */
function readReport(file, count, ok) {
  const counts = existsSync(file)
    ? count(JSON.parse(readFileSync(file, 'utf8')))
    : { passed: 0, failed: 0, skipped: 0 }
  // Also a ring without a single test fails: a wrong pattern must not look like success.
  const isProven = ok && counts.passed > 0
  return counts.failed === 0 && !isProven ? { ...counts, failed: 1 } : counts
}

/** @param {string} file @param {boolean} ok whether the runner's exit code was 0 */
export const readVitestReport = (file, ok) =>
  readReport(
    file,
    (report) => ({
      passed: report.numPassedTests,
      // A file that could not be loaded failed without a test of its own.
      failed:
        report.numFailedTests +
        report.testResults.filter(
          (/** @type {any} */ suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
        ).length,
      skipped: report.numPendingTests + report.numTodoTests,
    }),
    ok,
  )

/** @param {string} file @param {boolean} ok whether the runner's exit code was 0 */
export const readPlaywrightReport = (file, ok) =>
  readReport(
    file,
    ({ stats, errors }) => ({
      passed: stats.expected,
      failed: stats.unexpected + stats.flaky + (stats.unexpected === 0 ? errors.length : 0),
      skipped: stats.skipped,
    }),
    ok,
  )
