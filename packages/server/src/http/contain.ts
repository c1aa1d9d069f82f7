import type { ServerResponse } from 'node:http'
import { type Logger, logFailure } from '../log'
import { answerJson } from './answer-json'

/**
 * Does what answers a request, now or later. What it throws or rejects with is logged and answered with 500, or ends the
 * connection where an answer has begun: uncaught, it would end the process with everybody's connections. Never rejects.
 */
export async function contain(log: Logger, response: ServerResponse, answer: () => unknown): Promise<void> {
  try {
    await answer()
  } catch (error) {
    logFailure(log, error, {}, 'a request could not be answered')
    answerFailure(response)
  }
}

function answerFailure(response: ServerResponse): void {
  try {
    if (response.headersSent) return void response.destroy()
    // What was said for another answer is not true of this one.
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    // What is left of the request may never be read.
    response.setHeader('Connection', 'close')
    answerJson(response.req, response, 500, {
      error: 'request_failed',
      message: 'The server failed to answer this.',
    })
  } catch {
    response.destroy()
  }
}
