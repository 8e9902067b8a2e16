"""A PostgreSQL cluster of the harness's own, to kill and stop; never the machine's."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_port

DEBIAN = "/usr/lib/postgresql"
USER = "postgres"
START_SECONDS = 60
CONFIGURATION = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
fsync = on
synchronous_commit = on
full_page_writes = on
max_connections = 60
shared_buffers = 32MB
"""


class NoPostgresError(RuntimeError):
    """Error raised where PostgreSQL's programs are not installed."""


def binaries() -> Path:
    """Return the folder of the newest initdb, pg_ctl and postgres.

    Raises:
        NoPostgresError: there is none.
    """
    newest = sorted(Path(DEBIAN).glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    initdb = newest[-1] if newest else shutil.which("initdb")
    if initdb is None:
        raise NoPostgresError(f"no initdb in {DEBIAN}/*/bin or PATH: install postgresql")
    return Path(initdb).parent


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL cluster in a folder, on a port of its own."""

    folder: Path
    port: int
    programs: Path

    @property
    def data(self) -> Path:
        """Data folder of the cluster."""
        return self.folder / "data"

    def url(self, database: str) -> str:
        """Return the URL of a database in the cluster."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def database(self, name: str) -> str:
        """Create a database and return its URL."""
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, name)
        return self.url(name)

    def start(self) -> None:
        """Start the cluster and wait until it accepts connections.

        After a kill the old processes may hold their shared memory for a moment; so this tries
        again until they are gone.
        """
        deadline = time.monotonic() + START_SECONDS
        while self._start().returncode:
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start; see {self.folder / 'log'}")
            time.sleep(0.1)

    def _start(self) -> subprocess.CompletedProcess[bytes]:
        log = ["-l", str(self.folder / "log")]
        return self.run("pg_ctl", "start", "-D", str(self.data), *log, "-w", check=False)

    def stop(self, mode: str = "fast") -> None:
        """Stop the cluster; mode `fast`, or `immediate`, which simulates a crash."""
        self.run("pg_ctl", "stop", "-D", str(self.data), "-m", mode, "-w", check=False)

    def kill(self) -> int:
        """Kill the postmaster, whose children then end by themselves; return its pid."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        return postmaster

    def run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        """Run one of PostgreSQL's programs as a user other than root, as it requires."""
        with (self.folder / "programs.log").open("ab") as said:
            done = subprocess.run(
                [*as_owner(), str(self.programs / program), *arguments],
                check=False,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        if check and done.returncode:
            output = (self.folder / "programs.log").read_text(errors="replace")
            raise RuntimeError(f"{program}: exit code {done.returncode}: {output[-2000:]}")
        return done


def as_owner() -> Sequence[str]:
    """Return the command prefix that runs a command as the cluster's owner."""
    return ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []


@contextmanager
def cluster(kept: Path) -> Iterator[Cluster]:
    """Run a cluster until the block ends, then remove it.

    Its folder is one that its owner can reach. kept: gets its log.

    Raises:
        NoPostgresError: the programs, or a user to run them as, are not there.
    """
    running = Cluster(Path(tempfile.mkdtemp(prefix="pg-")), free_port(), binaries())
    try:
        if os.geteuid() == 0:
            owner = _owner()
            os.chown(running.folder, owner.pw_uid, owner.pw_gid)
        running.run(
            "initdb", "-D", str(running.data), "-A", "trust", "-U", USER, "-E", "UTF8", "-N"
        )
        with (running.data / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION.format(port=running.port, folder=running.folder))
        running.start()
        yield running
    finally:
        running.stop("immediate")
        with suppress(FileNotFoundError):
            shutil.copy(running.folder / "log", kept / "postgres.log")
        shutil.rmtree(running.folder, ignore_errors=True)


def _owner() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(USER)
    except KeyError as error:
        raise NoPostgresError(f"no user {USER!r} to run PostgreSQL as: install it") from error
