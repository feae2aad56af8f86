#!/bin/sh
# Node: fs, worker threads, child processes, sockets, http on loopback.
. "$T/lib.sh"
cat >t.js <<'JS'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const fs = require('fs');
if (!isMainThread) {
	let n = 0;
	for (let i = 0; i < 100; i++) {
		const name = `w${workerData}-${i}`;
		fs.writeFileSync(name, 'x'.repeat(i));
		n += fs.statSync(name).size;
		fs.unlinkSync(name);
	}
	parentPort.postMessage(n);
	return;
}
const { spawn, fork, execSync, spawnSync, execFile } = require('child_process');
const { promisify } = require('util');
const http = require('http'), net = require('net'), os = require('os'), path = require('path');
if (process.argv[2] === 'child') {
	process.on('message', m => { process.send(m * 2); process.disconnect(); });
	return;
}
(async () => {
	console.log(process.execPath, process.cwd(), process.argv.length);
	fs.mkdirSync('a/b/c', { recursive: true });
	fs.symlinkSync('b', 'a/link');
	console.log(fs.realpathSync('a/link/c'), fs.readlinkSync('a/link'), fs.readdirSync('a', { withFileTypes: true }).map(e => e.name + e.isDirectory()));
	await Promise.all([...Array(200).keys()].map(i => fs.promises.writeFile(`a/${i}`, `${i}`)));
	const all = await Promise.all([...Array(200).keys()].map(i => fs.promises.readFile(`a/${i}`, 'utf8')));
	console.log('files', all.reduce((s, x) => s + +x, 0));
	try { fs.readFileSync('missing'); } catch (e) { console.log(e.code, e.path); }
	fs.cpSync('a', 'copy', { recursive: true });
	fs.rmSync('a', { recursive: true });
	console.log('copied', fs.readdirSync('copy').length, fs.existsSync('a'));
	const changed = new Promise(done => { const w = fs.watch('copy', (e, f) => { w.close(); done(f); }); });
	fs.writeFileSync('copy/watched', '');
	console.log('watch', await changed);
	const numbers = await Promise.all([1, 2, 3, 4, 5, 6].map(i => new Promise((done, fail) =>
		new Worker(__filename, { workerData: i }).on('message', done).on('error', fail))));
	console.log('workers', numbers);
	console.log(execSync('echo $0; pwd').toString());
	console.log(spawnSync('sh', ['-c', 'kill -9 $$']).signal, spawnSync('./missing').error.code, spawnSync('sh', ['-c', 'exit 4']).status);
	console.log((await promisify(execFile)('ls', ['/usr/share/nodejs'])).stdout.length > 0);
	const statuses = await Promise.all([...Array(30).keys()].map(i => new Promise(done => spawn('sh', ['-c', `exit ${i}`]).on('close', done))));
	console.log('spawn', statuses.join(' '));
	console.log('fork', await new Promise(done => { const f = fork(__filename, ['child']); f.on('message', done); f.send(21); }));
	const cat = spawn('cat'); let text = '';
	cat.stdout.on('data', d => { text += d; });
	cat.stdin.end('x'.repeat(1e6));
	await new Promise(done => cat.on('close', done));
	console.log('cat', text.length);
	const server = http.createServer((q, r) => r.end(`you asked ${q.url}`));
	await new Promise(done => server.listen(0, '127.0.0.1', done));
	console.log('http', await new Promise(done => http.get({ port: server.address().port, host: '127.0.0.1', path: '/x', agent: false }, r => r.on('data', d => done('' + d)))));
	server.close();
	const unix = net.createServer(c => c.end('unix')).listen('/tmp/work/sock');
	console.log('socket', await new Promise(done => net.connect('sock').on('data', d => done('' + d))), unix.address());
	unix.close();
	process.once('SIGUSR2', () => console.log('signal'));
	process.kill(process.pid, 'SIGUSR2');
	await new Promise(done => setTimeout(done, 100));
	const { webcrypto } = require('crypto');
	console.log(Buffer.from(await webcrypto.subtle.digest('SHA-256', Buffer.from('x'))).toString('hex').slice(0, 16));
	console.log(os.homedir(), os.tmpdir(), path.resolve('.'));
	process.exitCode = 5;
})();
JS
node t.js
echo "[$?]"
echo 'export const x = import.meta.url; console.log(x)' >m.mjs && node m.mjs
mkdir -p node_modules/dep && echo 'module.exports = __filename' >node_modules/dep/index.js && ln -s dep node_modules/alias
node -p 'require("dep") + " " + require("alias")'
printf '#!/usr/bin/env node\nconsole.log("script", process.argv[1])\n' >script && chmod +x script && ./script
node --stack-size=500 -e 'function f(n) { return n ? 1 + f(n - 1) : 0 } console.log(f(2000))'
node -e 'throw new Error("x")' 2>/dev/null
echo "[$?]"
node -e 'process.abort()' 2>/dev/null
echo "[$?]"
