import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** An authority of the test's own, with a certificate for 127.0.0.1 that serves for both ends. */
export class Certificates {
  readonly #folder = mkdtempSync(join(tmpdir(), 'rollcall-tls-'))

  constructor() {
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: this.#folder, stdio: 'pipe' })
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    openssl(
      'req',
      '-x509',
      ...key,
      '-days',
      '2',
      '-subj',
      '/CN=authority',
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
    )
    openssl('req', ...key, '-subj', '/CN=redis', '-keyout', 'one.key', '-out', 'one.csr')
    writeFileSync(join(this.#folder, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:redis.example\n')
    const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names']
    openssl('x509', '-req', '-in', 'one.csr', ...signed, '-out', 'one.crt')
  }

  file(name: 'ca.crt' | 'one.crt' | 'one.key'): string {
    return join(this.#folder, name)
  }

  /** Options of `tls.connect` that trust this authority and show the client certificate. */
  get options() {
    const read = (name: Parameters<Certificates['file']>[0]) => readFileSync(this.file(name), 'utf8')
    return { ca: read('ca.crt'), cert: read('one.crt'), key: read('one.key') }
  }

  /** Options of redis-server that ask clients for a certificate of this authority. */
  get serverArgs(): string[] {
    return [
      ...['--tls-cert-file', this.file('one.crt')],
      ...['--tls-key-file', this.file('one.key')],
      ...['--tls-ca-cert-file', this.file('ca.crt')],
      ...['--tls-auth-clients', 'yes', '--tls-replication', 'yes'],
    ]
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
