import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { Registry } from 'prom-client'
import { z } from 'zod'
import { askSequencer } from '../../../services/cli/askSequencer.ts'
import { SequencerRefusedError, SequencerUnreachableError } from '../../../services/cli/errors.ts'
import { problem } from '../../../services/runtime/answer.ts'
import { createAsideApp } from '../../../services/sequencer/asideApp.ts'

describe('what the sequencer is asked by commands', () => {
  const servers: Server[] = []
  after(() => {
    for (const server of servers) server.close()
  })

  async function ask(answering: RequestListener): Promise<unknown> {
    const server = createServer(answering).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    // Safe: a server that listens on TCP has an AddressInfo.
    const sequencer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return askSequencer({ services: { sequencer } }, '/v1/status', z.object({ ok: z.boolean() }))
  }

  const refusal =
    (status: number, detail: string): RequestListener =>
    (request, response) =>
      express().use((_request, shown) => problem(shown, status, detail))(request, response)

  it('is told why a sequencer stands aside, and that it may be asked again', async () => {
    const reason = 'The disk of the store is full: 3 MB are free, 64 MB are needed. Free some.'
    const answering = createAsideApp({ reason, registry: new Registry() })
    await assert.rejects(ask(answering), (error) => {
      assert.ok(error instanceof SequencerUnreachableError && error.retry)
      return /answered 503 to \/v1\/status: The disk of the store is full.*Free some\. See hashsand status\.$/.test(
        error.message,
      )
    })
  })

  it('tells a refusal from an outage', async () => {
    await assert.rejects(ask(refusal(404, 'No message has the id.')), SequencerRefusedError)
    await assert.rejects(ask(refusal(500, 'A bug.')), SequencerUnreachableError)
    await assert.rejects(
      ask((_, response) => response.writeHead(502).end('<html>')),
      /answered 502 to \/v1\/status\. See/,
    )
  })
})
