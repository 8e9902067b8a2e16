"""What a file lies on: SQLite's locks do not hold on file systems of other machines."""

from __future__ import annotations

from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
ELSEWHERE = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "glusterfs", "beegfs")
ELSEWHERE_BY_FUSE = ("sshfs", "s3fs", "glusterfs", "ceph", "rclone", "gcsfuse", "blobfuse")


def network(path: Path, mounts: str | None = None) -> str | None:
    """The network file system that a path lies on, as `nfs4`; None if it is none, or unknown.

    mounts: as Linux writes /proc/self/mountinfo; elsewhere there is no such file to look into.
    """
    if mounts is None:
        mounts = MOUNTS.read_text() if MOUNTS.exists() else ""
    # 36 35 98:0 /root /mount/point rw,noatime master:1 - ext4 /dev/sda1 rw
    kinds = {
        Path(before.split()[4].replace("\\040", " ")): after.split()[0]
        for before, _, after in (line.partition(" - ") for line in mounts.splitlines())
    }
    whole = path.resolve()
    kind = next((kinds[at] for at in (whole, *whole.parents) if at in kinds), "")
    away = kind in ELSEWHERE or kind.removeprefix("fuse.") in ELSEWHERE_BY_FUSE
    return kind if away else None
