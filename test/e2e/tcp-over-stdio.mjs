// Speaks to a port of 127.0.0.1 for a program outside the network namespace: `node tcp-over-stdio.mjs PORT`.
import { connect } from 'node:net'

const socket = connect(Number(process.argv[2]), '127.0.0.1')
socket.on('error', () => process.exit(1))
socket.on('close', () => process.exit(0))
process.stdin.pipe(socket).pipe(process.stdout)
