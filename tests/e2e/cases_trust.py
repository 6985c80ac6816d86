"""Programs trust what the proxy shows them, with no option given: each kind of trust store, and each client that is here.
Every site is inspected (its rules name methods and paths), so a client that answers has accepted the session's authority."""
import glob
import os
import shutil

import world
from machine import OSH, Skip, check, need

URL = 'https://site.test/ok/x'
HELLO = 'hello from site.test/ok/x'
BARE = ('env', '-i', 'PATH=/usr/bin:/bin', 'HOME=/tmp')   # no variable: only what is mounted


def greets(m, *argv, **more):
    done = m.inside(*argv, **more)
    check(HELLO in done.out, done)
    check(m.hits(kind='request', host='site.test', path='/ok/x'), 'the site saw nothing')


CLIENTS = '/opt/agents/clients'   # what comes from npm; by hand, programs may be put into its bin folder
PLACES = ('/bin/%s', '/node_modules/@deno/linux-*/%s', '/node_modules/@oven/bun-linux-*/bin/%s', '/node_modules/bun/bin/%s.exe')


def clients(m, program):
    """The paths of a client inside, the system's first; each from the test's own folder is copied into the project."""
    found = [program] if shutil.which(program, path='/usr/local/bin:/usr/bin:/bin') else []
    for number, source in enumerate(path for place in PLACES for path in glob.glob(CLIENTS + place % program)):
        own = '%s-%d' % (program, number)
        shutil.copy(source, m.project + '/' + own)
        os.chmod(m.project + '/' + own, 0o755)
        found.append('./' + own)
    if not found:
        raise Skip('no program %s on this machine' % program)
    return found


def client(m, program):
    return clients(m, program)[0]


def curl(m):
    """curl, with the variables and without."""
    greets(m, 'curl', '-sS', URL)
    greets(m, *BARE, 'curl', '-sS', URL)


def wget(m):
    """wget, with the variables and without."""
    need('wget')
    greets(m, 'wget', '-qO-', URL)
    greets(m, *BARE, 'wget', '-qO-', URL)


def git(m):
    """git ls-remote, with the variables and without."""
    need('git')
    for before in ((), BARE):
        done = m.inside(*before, 'git', 'ls-remote', 'https://git.test/repo.git')
        check('refs/heads/main' in done.out, done)


def node(m):
    """node's fetch and https."""
    need('node')
    greets(m, 'node', '-e', 'fetch("%s").then(r=>r.text()).then(console.log)' % URL)


def npm(m):
    """npm asks a registry."""
    need('npm')
    done = m.inside('npm', 'view', '--registry', 'https://npm.test', 'tiny', 'version', timeout=120)
    check('1.0.0' in done.out, done)


def python(m):
    """python's urllib, with the variables and without; requests where it is."""
    script = 'import urllib.request as u; print(u.urlopen("%s").read().decode())' % URL
    greets(m, '/usr/bin/python3', '-c', script)
    greets(m, *BARE, '/usr/bin/python3', '-c', script)


def python_requests(m):
    """python's requests, which has roots of its own."""
    if m.run(['/usr/bin/python3', '-c', 'import requests']).code != 0:
        raise Skip('no python module requests on this machine')
    greets(m, '/usr/bin/python3', '-c', 'import requests; print(requests.get("%s").text)' % URL)


def pip(m):
    """pip installs a wheel."""
    if m.run(['/usr/bin/python3', '-m', 'pip', '--version']).code != 0:
        raise Skip('no pip for /usr/bin/python3 on this machine')
    done = m.shell('/usr/bin/python3 -m pip install -q --disable-pip-version-check --target t '
                   '--index-url https://pip.test/simple tinywheel && PYTHONPATH=t /usr/bin/python3 -c '
                   '"import tinywheel; print(tinywheel.answer)"', timeout=120)
    check('answer from the wheel' in done.out, done)


def cargo(m):
    """cargo resolves a crate: from a sparse registry, or where it is older than those (Debian 12's) from a registry in git."""
    m.write(m.project + '/Cargo.toml', '[package]\nname = "p"\nversion = "0.1.0"\nedition = "2018"\n'
            '[dependencies]\ntiny = {version = "1", registry = "own"}\n')
    m.write(m.project + '/src/main.rs', 'fn main() {}\n')
    for program in clients(m, 'cargo'):
        version = m.run([program, '--version']).out.split()
        is_sparse = tuple(map(int, version[1].split('.')[:2])) >= (1, 68)
        index = 'sparse+https://cargo.test/index/' if is_sparse else 'https://git.test/index.git'
        m.write(m.project + '/.cargo/config.toml', '[registries.own]\nindex = "%s"\n' % index)
        done = m.inside(program, 'generate-lockfile', timeout=120)
        check(done.code == 0, done)
        with open(m.project + '/Cargo.lock') as file:
            check(index in file.read(), done)
        os.unlink(m.project + '/Cargo.lock')
        if program == 'cargo' and shutil.which('rustc', path='/usr/bin'):  # its own rustc
            done = m.inside(program, 'fetch', timeout=120)
            check(done.code == 0 and m.hits(kind='request', host='cargo.test', path='/crates/tiny/1.0.0/download'), done)
            os.unlink(m.project + '/Cargo.lock')


def build_fetch(m):
    m.write(m.project + '/main.go', 'package main\nimport ("io"; "net/http"; "os")\nfunc main() {\n r, e := http.Get("%s")\n'
            ' if e != nil { panic(e) }\n io.Copy(os.Stdout, r.Body)\n}\n' % URL)
    built = m.run(['go', 'build', '-o', 'fetch', 'main.go'], env={'CGO_ENABLED': '0', 'GO111MODULE': 'off', 'GOCACHE': '/tmp/go-%d' % m.uid},
                  timeout=300)
    check(built.code == 0, built)


def go(m):
    """A Go program with crypto/x509's defaults."""
    need('go')
    build_fetch(m)
    greets(m, './fetch')
    greets(m, *BARE, './fetch')


def gh(m):
    """GitHub's command line, which is a Go program: crypto/x509's own search for roots."""
    program = client(m, 'gh')
    for before in (('env',), BARE):
        greets(m, *before, 'GH_HOST=site.test', 'GH_ENTERPRISE_TOKEN=x', program, 'api', URL)
    done = m.inside('env', 'GH_HOST=site.test', 'GH_ENTERPRISE_TOKEN=x', program, 'api', 'https://site.test/secret')
    check('gh: osh: blocked by policy: GET site.test/secret' in done.err, done)


JAVA = """import java.net.*; import java.net.http.*; import java.io.*;
public class Fetch { public static void main(String[] a) throws Exception {
  new URL(a[0]).openStream().transferTo(System.out);
  var answer = HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(a[0])).build(), HttpResponse.BodyHandlers.ofString());
  System.out.println(" " + answer.version() + " " + answer.body()); } }
"""


def java(m):
    """Every Java of the system, by its own trust store and with no option: URL, and HttpClient, which speaks HTTP/2."""
    homes = [h for h in sorted({os.path.realpath(p) for p in glob.glob('/usr/lib/jvm/*')}) if os.path.exists(h + '/bin/javac')]
    if not homes:
        raise Skip('no JDK on this machine')
    m.write(m.project + '/Fetch.java', JAVA)
    for home in homes:
        done = m.inside(home + '/bin/java', 'Fetch.java', URL, timeout=120)
        check(done.out == '%s HTTP_2 %s\n' % (HELLO, HELLO) and len(m.hits(kind='request', host='site.test', path='/ok/x')) == 2, done)
        m.mark = os.path.getsize(world.WORK + '/hits.jsonl')


def java_key_store(m):
    """keytool verifies the store's seal and finds the host's authorities and the session's; also where a Java brings its own."""
    need('keytool')
    m.write(m.project + '/jdk/lib/security/cacerts', 'the JDK\'s own')
    done = m.shell('for s in /run/osh/java-cacerts $JAVA_HOME/lib/security/cacerts; do '
                   'keytool -list -keystore $s -storepass changeit | grep -cE "^(host-|osh-session-0)"; done',
                   env={'JAVA_HOME': m.project + '/jdk'}, options=('--env', 'JAVA_HOME=' + m.project + '/jdk'), timeout=120)
    with open('/etc/ssl/certs/ca-certificates.crt') as file:
        count = file.read().count('BEGIN CERTIFICATE')
    check(done.out.split() == [str(count + 1)] * 2, done)
    with open(m.project + '/jdk/lib/security/cacerts') as file:
        check(file.read() == 'the JDK\'s own', 'the host\'s file was written')


def hashed_directory(m):
    """OpenSSL finds the session's authority and the host's by the hashed directory alone."""
    done = m.shell('openssl s_client -connect site.test:443 -servername site.test -no-CAfile -no-CAstore -CApath /etc/ssl/certs '
                   '-verify_return_error </dev/null 2>&1 | grep "Verify return code"')
    check('Verify return code: 0 (ok)' in done.out, done)
    shutil.copy(world.WORK + '/root.pem', m.project + '/root.pem')
    os.chmod(m.project + '/root.pem', 0o644)
    done = m.inside('openssl', 'verify', '-no-CAfile', '-no-CAstore', '-CApath', '/etc/ssl/certs', 'root.pem')
    check('root.pem: OK' in done.out, done)
    done = m.shell('mkdir /tmp/d; cd /etc/ssl/certs; for f in *.[0-9]; do cp -L $f /tmp/d/$f.pem; done; openssl rehash /tmp/d; '
                   'ls | grep -E "^[0-9a-f]{8}[.][0-9]$" > /tmp/ours; ls /tmp/d | grep -v pem | cmp - /tmp/ours && wc -l < /tmp/ours')
    with open('/etc/ssl/certs/ca-certificates.crt') as file:
        count = file.read().count('BEGIN CERTIFICATE')
    check(done.out == '%d\n' % (count + 1), done)


def names_of_distributions(m):
    """The bundle and the directory have the names of Debian, Fedora, Arch, SUSE and Alpine."""
    bundles = ('/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/cert.pem', '/etc/ssl/ca-bundle.pem',
               '/etc/pki/tls/certs/ca-bundle.crt', '/etc/pki/tls/cert.pem',
               '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', '/etc/ca-certificates/extracted/tls-ca-bundle.pem',
               '/var/lib/ca-certificates/ca-bundle.pem')
    done = m.shell('for f in %s; do curl -sS --cacert $f --capath /nonexistent %s >/dev/null || echo $f; done; '
                   'curl -sS --capath /etc/pki/tls/certs %s' % (' '.join(bundles), URL, URL))
    check(done.out == HELLO, done)


def browser_policies(m):
    """Chromium's and Firefox's policies name the session's certificate."""
    done = m.shell('/usr/bin/python3 -c "import json,ssl\n'
                   'pem=open(\'/run/osh/ca.pem\').read()\n'
                   'c=json.load(open(\'/etc/chromium/policies/managed/osh.json\'))[\'CACertificates\']\n'
                   'f=json.load(open(\'/etc/firefox/policies/policies.json\'))[\'policies\'][\'Certificates\'][\'Install\']\n'
                   'import base64\n'
                   'print(base64.b64decode(c[0])==ssl.PEM_cert_to_DER_cert(pem), f)"')
    check("True ['/run/osh/ca.pem']" in done.out, done)


def store_is_made_once(m):
    """The host's store is worked up once, again after a change, and nobody inside can write to it."""
    need('mount')
    folder = m.home + '/.local/state/osh/trust'
    check(m.inside('true').code == 0, 'a first session')
    first = {name: os.stat(folder + '/' + name).st_ino for name in os.listdir(folder)}
    done = m.shell('touch /run/osh/anchors/x /etc/ssl/certs/x 2>/dev/null; chmod u+w /run/osh/anchors 2>/dev/null; '
                   'ls -A $HOME/.local/state 2>/dev/null; echo end')
    check(done.out == 'end\n', done)
    check({name: os.stat(folder + '/' + name).st_ino for name in os.listdir(folder)} == first and len(first) == 1, first)
    text = open('/etc/ssl/certs/ca-certificates.crt').read()
    bundle = m.write(m.home + '/more.pem', text)
    greets(m, 'curl', '-sS', URL, env={'SSL_CERT_FILE': bundle})
    check(len(os.listdir(folder)) == 2, os.listdir(folder))


def deno(m):
    """deno's fetch."""
    greets(m, client(m, 'deno'), 'eval', 'console.log(await (await fetch("%s")).text())' % URL, timeout=120)


def bun(m):
    """bun's fetch."""
    greets(m, client(m, 'bun'), '-e', 'console.log(await (await fetch("%s")).text())' % URL, timeout=120)


def dotnet(m):
    """.NET."""
    need('dotnet')
    raise Skip('no project is built with dotnet here')


def chromium(m):
    """Chromium without a window, by its managed policy: the home has no database."""
    need('chromium')
    done = m.shell('rm -rf ~/.pki; chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage '
                   '--user-data-dir=/tmp/c --dump-dom %s' % URL, timeout=120)
    check(HELLO in done.out, done)


def chromium_headless_shell(m):
    """Chromium's headless shell, which knows no managed policy: by the database in the home."""
    need('chromium-headless-shell')
    browse = 'chromium-headless-shell --no-sandbox --disable-gpu --disable-dev-shm-usage --dump-dom %s' % URL
    done = m.shell(browse + ' 2>/dev/null', timeout=120)
    check(HELLO in done.out, done)
    done = m.shell('rm -r ~/.pki; ' + browse, timeout=120)
    check(HELLO not in done.out and 'ERR_CERT_AUTHORITY_INVALID' in done.err, done)


def chromium_own_sandbox(m):
    """Chromium's own sandbox wants namespaces: `nested = "allow"` gives them; without, it says what is missing."""
    need('chromium')
    if m.kind == 'root':
        raise Skip('Chromium does not run as root with its own sandbox')
    browse = 'rm -rf ~/.pki; chromium --headless --disable-gpu --disable-dev-shm-usage --user-data-dir=/tmp/c --dump-dom %s' % URL
    done = m.shell(browse, timeout=120)
    check(HELLO not in done.out and 'No usable sandbox' in done.err, done)
    m.profile('nested', 'version = 1\nextends = ["strict"]\n[sandbox]\nnested = "allow"\n')
    done = m.run([OSH, 'run', '-q', '--profile', 'nested', '--policy', m.policy, '--approvals', 'deny', '--', 'sh', '-c', browse], timeout=120)
    check(HELLO in done.out, done)


def perl(m):
    """Perl's LWP and HTTP::Tiny."""
    need('perl')
    if m.run(['perl', '-MLWP::Protocol::https', '-e', '1']).code != 0:
        raise Skip('no LWP::Protocol::https on this machine')
    for before in (('env',), BARE):
        greets(m, *before, 'perl', '-MLWP::UserAgent', '-e', 'print LWP::UserAgent->new->get("%s")->content' % URL)
        greets(m, *before, 'perl', '-MHTTP::Tiny', '-e', 'print HTTP::Tiny->new(verify_SSL => 1)->get("%s")->{content}' % URL)


def ruby(m):
    """Ruby's net/http."""
    need('ruby')
    for before in (('env',), BARE):
        greets(m, *before, 'ruby', '-rnet/http', '-e', 'puts Net::HTTP.get(URI("%s"))' % URL)


def php(m):
    """PHP's https streams."""
    need('php')
    for before in (('env',), BARE):
        greets(m, *before, 'php', '-r', 'echo file_get_contents("%s");' % URL)


def go_by_variable(m):
    """A static Go program that finds its roots by SSL_CERT_FILE or SSL_CERT_DIR alone."""
    need('go')
    build_fetch(m)
    for variable in ('SSL_CERT_FILE=/run/osh/ca.pem', 'SSL_CERT_DIR=/etc/ssl/certs'):
        greets(m, *BARE, variable, './fetch')
    done = m.inside(*BARE, 'SSL_CERT_FILE=/dev/null', 'SSL_CERT_DIR=/nonexistent', './fetch')
    check(HELLO not in done.out and 'certificate' in done.err, done)


def firefox(m):
    """Firefox without a window draws the page, by its policy."""
    need('firefox-esr')
    m.inside('firefox-esr', '--headless', '--screenshot', m.project + '/page.png', URL, timeout=120)
    check(m.hits(kind='request', host='site.test', path='/ok/x'), 'the site saw nothing')
    check(os.path.exists(m.project + '/page.png'), 'no picture')


LOOK_INTO = """
import os, sqlite3, ssl
home = os.path.expanduser('~/.pki/nssdb/')
for name in ('cert9.db', 'key4.db'):
    print(name, oct(os.stat(home + name).st_mode), sqlite3.connect(home + name).execute('pragma integrity_check').fetchall())
rows = sqlite3.connect(home + 'cert9.db').execute('select a11, ace536358, ace53635a from nssPublic order by id').fetchall()
print(rows[0][0] == ssl.PEM_cert_to_DER_cert(open('/run/osh/ca.pem').read()), rows[1][1].hex(), rows[1][2].hex())
"""


def nss_database(m):
    """~/.pki/nssdb is a sound SQLite database that trusts the session's authority for servers; the person's own is neither read nor written."""
    m.write(m.home + '/.pki/nssdb/cert9.db', 'the person\'s own')
    done = m.inside('/usr/bin/python3', '-c', LOOK_INTO)
    check(done.out.split('\n')[:3] == ["cert9.db 0o100600 [('ok',)]", "key4.db 0o100600 [('ok',)]", 'True ce534352 ce534353'], done)
    with open(m.home + '/.pki/nssdb/cert9.db') as file:
        check(file.read() == 'the person\'s own' and os.listdir(m.home + '/.pki/nssdb') == ['cert9.db'], 'the host\'s was written')
    m.profile('shown', 'version = 1\nextends = ["strict"]\n[filesystem]\nread = ["~/.pki"]\n')
    done = m.run([OSH, 'run', '-q', '--profile', 'shown', '--', 'sh', '-c', 'cat ~/.pki/nssdb/*'])
    check(done.out == 'the person\'s own', done)
    m.profile('kept', 'version = 1\nextends = ["strict"]\n[filesystem]\npersist = ["~/.pki"]\n')
    done = m.run([OSH, 'run', '-q', '--profile', 'kept', '--', 'sh', '-c', 'ls -A ~/.pki; echo end'])
    check(done.out == 'end\n', done)


def nss_tools(m):
    """NSS's own tools find the authority trusted, also after a password is set and another is added."""
    need('certutil')
    done = m.shell('set -e; d=sql:$HOME/.pki/nssdb; certutil -V -u L -n "osh session" -d $d; '
                   'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /tmp/k -out /tmp/c -subj /CN=other 2>/dev/null; '
                   'echo > /tmp/empty; certutil -W -d $d -f /tmp/empty -@ /tmp/empty >/dev/null 2>&1 || certutil -N -d $d --empty-password; '
                   'certutil -A -t C,, -n other -i /tmp/c -d $d -f /tmp/empty; '
                   'for n in "osh session" other; do certutil -V -u L -n "$n" -d $d -f /tmp/empty; done')
    check(done.out.count('certificate is valid') == 3, done)


EXTRA = 'version = 1\nextends = ["strict"]\n[network]\nextra_ca = ["%s"]\n%s'
OPEN = '''version: 1
network_policies:
  bad: {endpoints: [{host: badcert.test, ports: [443], protocol: rest, enforcement: enforce, access: full}], binaries: [{path: "/**"}]}
  shut: {endpoints: [{host: badcert.test, port: 8443}], binaries: [{path: "/**"}]}
'''


def ask_badcert(m, *options, env=None):
    policy = m.write(m.home + '/bad.yaml', OPEN)
    return m.run(['/opt/osh/bin/osh', 'run', '-q', *options, '--policy', policy, '--approvals', 'deny', '--', 'curl', '-sS',
                  '-o', '/dev/null', '-w', '%{http_code}', 'https://badcert.test/ok'], env=env)


def extra_authority(m):
    """network.extra_ca is trusted beside the host's bundle, by the proxy and in the bundle inside; a file the agent may write is an error."""
    with open(world.WORK + '/bad.pem') as file:
        own = file.read()
    m.write(m.home + '/corp/ca.pem', own)
    check(ask_badcert(m, '--profile', 'strict').out == '502', 'it is not trusted by itself')
    m.profile('corp', EXTRA % ('~/corp/ca.pem', ''))
    for _ in range(2):
        done = ask_badcert(m, '--profile', 'corp')
        check(done.out == '200', done)
    done = m.run(['/opt/osh/bin/osh', 'run', '-q', '--profile', 'corp', '--', 'sh', '-c',
                  'cat > own.pem; openssl verify -CAfile /etc/ssl/certs/ca-certificates.crt own.pem'], stdin=own.encode())
    check('OK' in done.out, done)
    m.profile('inside', EXTRA % ('$PROJECT/ca.pem', ''))
    m.write(m.project + '/ca.pem', own)
    done = ask_badcert(m, '--profile', 'inside')
    check(done.code != 0 and 'where the agent may write' in done.err, done)
    m.profile('granted', EXTRA % ('~/corp/ca.pem', '[filesystem]\nwrite = ["~/corp"]\n'))
    done = ask_badcert(m, '--profile', 'granted')
    check(done.code != 0 and 'where the agent may write' in done.err, done)
    m.profile('empty', EXTRA % ('~/empty.pem', ''))
    m.write(m.home + '/empty.pem', 'nothing')
    done = ask_badcert(m, '--profile', 'empty')
    check(done.code != 0 and 'holds no certificate' in done.err, done)


def own_bundle(m):
    """SSL_CERT_FILE of the host is the bundle; one in the project is not, as the agent could choose whom the proxy trusts."""
    with open(world.WORK + '/bad.pem') as file:
        own = file.read()
    mine, theirs = m.write(m.home + '/mine.pem', own), m.write(m.project + '/theirs.pem', own)
    done = ask_badcert(m, '--profile', 'strict', env={'SSL_CERT_FILE': mine})
    check(done.out == '200', done)
    os.symlink(theirs, m.home + '/link.pem')
    for path in (theirs, m.home + '/link.pem'):
        done = ask_badcert(m, '--profile', 'strict', env={'SSL_CERT_FILE': path})
        check(done.out == '502', done)


MTLS = '''version = 1
extends = ["strict"]
[approvals]
credentialed = "allow"
[[credential]]
name = "me"
source = "file:%s"
attach = [{ kind = "mtls", host = "wants-certificate.site.test", port = 8443 }]
'''


def client_certificate(m):
    """A server that asks for a client certificate gets the profile's, over HTTP/1.1 and HTTP/2; the key stays outside."""
    with open(world.WORK + '/client.pem') as file:
        both = file.read()
    m.write(m.home + '/certs/me.pem', both, 0o600)
    url = 'https://wants-certificate.site.test:8443/ok/x'

    def ask(profile, *argv):
        m.profile('mtls', profile)
        return m.run(['/opt/osh/bin/osh', 'run', '-q', '--profile', 'mtls', '--policy', m.policy, '--approvals', 'deny', '--', *argv])
    for version in ('--http1.1', '--http2'):
        done = ask(MTLS % '~/certs/me.pem', 'curl', '-sS', version, url)
        check(done.out == 'hello from wants-certificate.site.test:8443/ok/x', done)
    done = ask(MTLS % '~/certs/me.pem', 'sh', '-c', 'cat ~/certs/me.pem; env; curl -sS https://site.test/ok/x')
    check('hello from site.test' in done.out and both.split('\n')[3] not in done.out + done.err, 'the key or another host')
    m.write(m.home + '/certs/bad.pem', both.split('-----BEGIN PRIVATE')[0], 0o600)
    done = ask(MTLS % '~/certs/bad.pem', 'curl', '-sS', url)
    check('the client certificate of credential' in done.out and 'no private key' in done.out, done)


CASES = [extra_authority, own_bundle, client_certificate, curl, wget, git, node, npm, python, python_requests, pip, cargo, go, gh, java, java_key_store, hashed_directory,
         names_of_distributions, browser_policies, store_is_made_once, deno, bun, dotnet, chromium,
         chromium_own_sandbox, chromium_headless_shell, firefox, nss_database, nss_tools, perl, ruby, php, go_by_variable]
