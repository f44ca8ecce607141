"""Simulated hosts that can be reached over ssh.

Each host is a set of namespaces (network, host name, processes, mounts) with an sshd and a program
in it. The test program runs in such a set as well: it restarts itself there. So it changes nothing
on this machine, and all hosts end together with the test program.
"""

import os
import shutil
import sys
import textwrap

from tap import BUILD, PMP, PYTHON, Target, check, run, skip, temp_dir

UNSHARE = ("unshare", "--uts", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc")
INSIDE = "PMP_TEST_INSIDE"
TOOLS = ("unshare", "ip", "mount", "hostname", "bash", "pgrep", "ssh", "ssh-keygen", "scp",
         "parallel")
# .ci/deps unpacks an sshd here if none is installed.
UNPACKED = os.path.join(BUILD, "sshd")
HOSTS = ("web1", "web2", "web3")

FILES = {
    # It spends two thirds of its time in one function, and hardly uses the processors, which the
    # hosts share.
    "app": """
        #!{python}
        import time

        def query():
            time.sleep(0.02)

        def render():
            time.sleep(0.01)

        print("ready", flush=True)
        end = time.monotonic() + 120
        while time.monotonic() < end:
            query()
            render()
        """,
    # No sshd listens at web9.
    "hosts": "127.0.0.1 localhost\n10.0.0.1 web9\n10.0.0.2 web1\n10.0.0.3 web2\n10.0.0.4 web3\n",
    "passwd": "root:x:0:0:root:{lab}/{{}}:/bin/sh\nsshd:x:999:65534::/run/sshd:/bin/false\n",
    "shadow": "root:*:19000:0:99999:7:::\nsshd:*:19000:0:99999:7:::\n",
    "sshd_config": """
        HostKey {lab}/host_key
        AuthorizedKeysFile {lab}/admin/.ssh/id.pub
        SetEnv PATH={path}
        Subsystem sftp internal-sftp
        PermitRootLogin prohibit-password
        PasswordAuthentication no
        StrictModes no
        UsePAM no
        PidFile none
        """,
    "admin/.ssh/config": """
        IdentityFile {lab}/admin/.ssh/id
        BatchMode yes
        ConnectTimeout 20
        LogLevel ERROR
        """,
    # Makes a host of the namespaces. $1 is its name, and the name of root's home folder.
    "host.sh": """
        set -e
        hostname $1
        cd {lab}
        mkdir -p $1
        sed "s:{{}}:$1:" passwd > $1/passwd
        mount -t tmpfs tmpfs /run
        mount --bind $1/passwd /etc/passwd
        mount --bind shadow /etc/shadow
        mount --bind hosts /etc/hosts
        cd $1
        """,
    "admin.sh": """
        . {lab}/host.sh
        ssh-keygen -q -t ed25519 -N '' -f ../host_key
        ssh-keygen -q -t ed25519 -N '' -f .ssh/id
        echo "web*,10.0.0.* $(cut -d' ' -f1,2 ../host_key.pub)" > .ssh/known_hosts
        ip link set lo up
        ip link add br0 type bridge
        ip link set br0 up
        ip addr add 10.0.0.1/24 dev br0
        number=1
        for host in {hosts}; do
            number=$((number + 1))
            ip netns add $host
            ip link add $host type veth peer name eth0 netns $host
            ip link set $host master br0 up
            ip -n $host link set lo up
            ip -n $host addr add 10.0.0.$number/24 dev eth0
            ip -n $host link set eth0 up
        done
        """,
    "web.sh": """
        . {lab}/host.sh
        mkdir /run/sshd
        ../app &
        export LD_LIBRARY_PATH={libraries}
        exec {sshd} -D -e -f ../sshd_config
        """,
}


def go_inside():
    """Restarts the program in its own namespaces, if the system allows them."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if INSIDE not in os.environ and not why_not():
        os.environ[INSIDE] = "yes"
        os.execvp(UNSHARE[0], [*UNSHARE, "--net", sys.executable, *sys.argv])


def sshd():
    """The path of an sshd, or None. OpenSSH 9.8 and later works only where it is installed: its
    sshd starts sshd-session by a fixed path."""
    found = shutil.which("sshd")
    if not found and not os.path.exists(UNPACKED + "/usr/lib/openssh/sshd-session"):
        found = shutil.which(UNPACKED + "/usr/sbin/sshd")
    return found


def why_not():
    """The reason why hosts cannot be made here; None: they can."""
    if os.geteuid():
        return "root is needed, for network namespaces"
    tools = [tool for tool in TOOLS if not shutil.which(tool)] + ["sshd"] * (not sshd())
    if tools:
        return "missing: " + ", ".join(tools)
    tried = run(*UNSHARE, "--net", "ip", "link", "add", "br0", "type", "bridge")
    return "no network namespace with a bridge: " + tried.err.strip() if tried.code else None


class Lab:
    """The hosts, each with a program `app`. `folder` has a home folder for each, and `admin`, from
    where they are sampled."""

    def __init__(self):
        if INSIDE not in os.environ:
            skip(why_not() or "not in namespaces of its own")
        self.folder = temp_dir()
        words = {"lab": self.folder, "path": os.environ["PATH"], "hosts": " ".join(HOSTS),
                 "python": PYTHON, "sshd": sshd(),
                 "libraries": ":".join(UNPACKED + part + "/x86_64-linux-gnu"
                                       for part in ("/usr/lib", "/lib"))}
        for name, text in FILES.items():
            self.write(name, textwrap.dedent(text).lstrip().format(**words))
        os.chmod(self.path("app"), 0o755)
        self.write("admin/pmp", None, 0o755)
        made = run("sh", os.path.join(self.folder, "admin.sh"), "admin")
        check(made.code == 0, "hosts cannot be made", made)
        self.hosts = {}
        for host in HOSTS:
            self.hosts[host] = Target("ip", "netns", "exec", host, *UNSHARE, "sh",
                                      os.path.join(self.folder, "web.sh"), host,
                                      ready=r"(?s)(?=.*listening on)(?=.*ready)")

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text, mode=0o600):
        """Writes a file; with text None, a copy of build/pmp."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if text is None:
            shutil.copy(PMP, path)
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        os.chmod(path, mode)

    def shell(self, command):
        """Runs a command line in the home folder `admin`."""
        home = self.path("admin")
        return run("bash", "-c", command, cwd=home,
                   env={"HOME": home, "PATH": home + ":" + os.environ["PATH"],
                        "PARALLEL_HOME": home})
