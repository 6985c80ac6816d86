"""Certificates of the test internet: one root, one leaf for all names, one self-signed leaf that must be refused."""
import shutil
import subprocess

NAMES = ('site.test', '*.site.test', 'git.test', 'npm.test', 'denied.test', 'cred.test', 'other.test', '*.wild.test',
         'api.anthropic.com', 'api.openai.com', 'generativelanguage.googleapis.com', 'ask.test', 'ask2.test', 'only-curl.test', 'pip.test', 'cargo.test')
CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3']


def openssl(folder, *words):
    subprocess.run(['openssl', *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make(folder):
    openssl(folder, 'req', '-x509', *CURVE, '-keyout', 'root.key', '-out', 'root.pem', '-subj', '/CN=osh e2e root',
            '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign')
    openssl(folder, 'req', *CURVE[:-2], '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=site.test')
    with open(folder + '/leaf.ext', 'w') as file:
        file.write('subjectAltName=%s\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n'
                   % ','.join('DNS:' + name for name in NAMES))
    openssl(folder, 'x509', '-req', '-in', 'leaf.csr', '-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial',
            '-days', '3', '-out', 'leaf.pem', '-extfile', 'leaf.ext')
    openssl(folder, 'req', *CURVE[:-2], '-keyout', 'client.key', '-out', 'client.csr', '-subj', '/CN=somebody')
    openssl(folder, 'x509', '-req', '-in', 'client.csr', '-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial', '-days', '3',
            '-out', 'client.crt')
    with open(folder + '/client.pem', 'w') as both:
        for part in ('client.crt', 'client.key'):
            with open(folder + '/' + part) as file:
                both.write(file.read())
    make_unbelievable(folder)
    openssl(folder, 'req', '-x509', *CURVE, '-keyout', 'bad.key', '-out', 'bad.pem', '-subj', '/CN=badcert.test',
            '-addext', 'subjectAltName=DNS:badcert.test')


CA = """[ca]
default_ca = x
[x]
database = index.txt
rand_serial = yes
new_certs_dir = .
default_md = sha256
policy = p
[p]
commonName = supplied
"""


def make_unbelievable(folder):
    """What site.test might show and must not be believed: expired, another's name, its own word, an unknown authority's."""
    with open(folder + '/ca.cnf', 'w') as file:
        file.write(CA)
    open(folder + '/index.txt', 'w').close()
    openssl(folder, 'ca', '-batch', '-notext', '-config', 'ca.cnf', '-cert', 'root.pem', '-keyfile', 'root.key', '-in', 'leaf.csr',
            '-extfile', 'leaf.ext', '-startdate', '20200101000000Z', '-enddate', '20200201000000Z', '-out', 'expired.pem')
    with open(folder + '/elsewhere.ext', 'w') as file:
        file.write('subjectAltName=DNS:elsewhere.test\n')
    openssl(folder, 'x509', '-req', '-in', 'leaf.csr', '-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial', '-days', '3',
            '-out', 'elsewhere.pem', '-extfile', 'elsewhere.ext')
    openssl(folder, 'x509', '-req', '-in', 'leaf.csr', '-signkey', 'leaf.key', '-days', '3', '-out', 'own.pem', '-extfile', 'leaf.ext')
    openssl(folder, 'req', '-x509', *CURVE, '-keyout', 'other-root.key', '-out', 'other-root.pem', '-subj', '/CN=a stranger')
    openssl(folder, 'x509', '-req', '-in', 'leaf.csr', '-CA', 'other-root.pem', '-CAkey', 'other-root.key', '-CAcreateserial', '-days', '3',
            '-out', 'stranger.pem', '-extfile', 'leaf.ext')
    for name in ('expired', 'elsewhere', 'own', 'stranger'):
        shutil.copy(folder + '/leaf.key', '%s/%s.key' % (folder, name))
