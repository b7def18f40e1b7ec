"""The whole life of a virtual machine, by a Proxmox client that is not ours (PyPI: proxmoxer).

Called with one argument, a JSON object: host, port, fingerprint, password, node, address (of the guest), gateway, bridge,
image_url, image_sha512, key (OpenSSH public form), vendor (volume of the vendor snippet). Prints a line per chapter and
ends with status 0, or with a traceback. It never waits in real time: the lab's clock moves with the questions.
"""

import contextlib
import hashlib
import json
import ssl
import sys
from urllib.parse import quote

from proxmoxer import AuthenticationError, ProxmoxAPI, ResourceException
from proxmoxer.tools import Tasks

LAB = json.loads(sys.argv[1])
NODE = LAB["node"]
VM, COPY, CHILD, DRILL = 9001, 9002, 9003, 9004
IMAGE = "local:import/debian-12.qcow2"
POLLS_MAX = 600


def main():
    root = log_in()
    look_around(root)
    fetch_image(root)
    token = set_up_rights(root)
    coop = client(user="coop@pve", token_name="life", token_value=token)
    create(coop)
    boot(coop)
    talk_to_agent(coop)
    reconfigure(coop)
    snapshots(coop)
    backups(coop)
    copies(coop)
    refusals(root, coop)
    accounts(root)


def client(**who):
    return ProxmoxAPI(LAB["host"], port=LAB["port"], verify_ssl=False, timeout=30, **who)


def chapter(name):
    print(f"{name}: ok", flush=True)


def same(found, expected):
    assert found == expected, f"{found!r} instead of {expected!r}"


@contextlib.contextmanager
def refused(status, reason=None, **errors):
    """What happens inside is refused with this status, words in the reason and these errors by parameter."""
    try:
        yield
    except ResourceException as refusal:
        same(refusal.status_code, status)
        assert reason is None or reason in refusal.content, f"{refusal.content!r} lacks {reason!r}"
        for parameter, words in errors.items():
            found = (refusal.errors or {}).get(parameter, "")
            assert words in found, f"{parameter}: {found!r} lacks {words!r} ({refusal})"
    else:
        raise AssertionError(f"not refused with {status} {reason}")


def ended(api, upid, kind=None, exitstatus="OK"):
    """Waits for a task and compares how it ended."""
    assert isinstance(upid, str) and upid.startswith(f"UPID:{NODE}:"), upid
    status = Tasks.blocking_status(api, upid, timeout=60, polling_interval=0)
    log = Tasks.decode_log(api.nodes(NODE).tasks(upid).log.get(limit=500))
    assert status is not None, f"{upid} does not end: {log}"
    found = status["exitstatus"]
    assert exitstatus in found if exitstatus != "OK" else found == "OK", f"{upid}: {found}\n{log}"
    if kind:
        same(Tasks.decode_upid(upid)["type"], kind)
    last = log.splitlines()[-1]
    assert last.startswith("TASK OK" if found == "OK" else "TASK "), log
    return log


def vm(api, vmid=VM):
    return api.nodes(NODE).qemu(vmid)


# --- a fresh node ----------------------------------------------------------------------------------------------------


def log_in():
    certificate = ssl.get_server_certificate((LAB["host"], LAB["port"]))
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest().upper()
    same(":".join(digest[at : at + 2] for at in range(0, len(digest), 2)), LAB["fingerprint"])
    try:
        client(user="root@pam", password="not-" + LAB["password"])
    except AuthenticationError as refusal:
        assert "401" in str(refusal), refusal
    else:
        raise AssertionError("a wrong password opens the door")
    first = client(user="root@pam", password=LAB["password"])
    ticket, csrf = first.get_tokens()
    assert ticket.startswith("PVE:root@pam:") and csrf, (ticket, csrf)
    # As it renews a ticket before it expires: the old one in place of the password.
    root = client(user="root@pam", password=ticket)
    chapter("login")
    return root


def look_around(root):
    version = root.version.get()
    same(version["release"], "9.2")
    assert version["version"].startswith("9.2."), version
    (node,) = root.nodes.get()
    same((node["node"], node["status"]), (NODE, "online"))
    same(node["ssl_fingerprint"], LAB["fingerprint"])
    storages = {one["storage"]: one for one in root.nodes(NODE).storage.get()}
    same(sorted(storages), ["local", "local-lvm"])
    assert all(one["active"] == 1 and one["avail"] > 0 for one in storages.values()), storages
    same(storages["local-lvm"]["type"], "lvmthin")
    same(root.nodes(NODE).qemu.get(), [])
    same(int(root.cluster.nextid.get()), 100)
    same({one["type"] for one in root.cluster.resources.get(type="storage")}, {"storage"})
    chapter("node")


def fetch_image(root):
    local = root.nodes(NODE).storage("local")
    wanted = {"content": "import", "url": LAB["image_url"], "checksum-algorithm": "sha512"}
    wrong = local("download-url").post(filename="wrong.qcow2", checksum="0" * 128, **wanted)
    ended(root, wrong, "download", exitstatus="checksum mismatch")
    same(local.content.get(content="import"), [])
    upid = local("download-url").post(filename="debian-12.qcow2", checksum=LAB["image_sha512"], **wanted)
    ended(root, upid, "download")
    (image,) = local.content.get(content="import")
    same((image["volid"], image["format"]), (IMAGE, "qcow2"))
    chapter("image")


def set_up_rights(root):
    """A token with the least rights that the rest of this life needs."""
    root.pools.post(poolid="clients", comment="those we host")
    with refused(400, privs="invalid format"):
        root.access.roles.post(roleid="Old", privs="VM.Monitor")
    machines = (
        "VM.Allocate,VM.Audit,VM.Backup,VM.Clone,VM.PowerMgmt,VM.Snapshot,VM.Snapshot.Rollback,VM.Config.Disk,VM.Config.CPU,"
        "VM.Config.Memory,VM.Config.Network,VM.Config.HWType,VM.Config.Options,VM.Config.Cloudinit,VM.Config.CDROM,"
        "VM.GuestAgent.Audit,VM.GuestAgent.Unrestricted,VM.GuestAgent.FileRead,VM.GuestAgent.FileWrite,Pool.Audit"
    )
    roles = {
        "LifeMachines": (machines, ["/pool/clients"]),
        "LifeDisks": ("Datastore.AllocateSpace,Datastore.Audit", ["/storage/local-lvm"]),
        "LifeImages": ("Datastore.Audit,Datastore.AllocateSpace", ["/storage/local"]),
        "LifeNetwork": ("SDN.Use", [f"/sdn/zones/localnetwork/{LAB['bridge']}"]),
        "LifeNode": ("Sys.Audit", [f"/nodes/{NODE}"]),
    }
    root.access.users.post(userid="coop@pve", comment="the co-operative", password="Fondue-2026-Annecy")
    made = root.access.users("coop@pve").token("life").post(privsep=1)
    same(made["full-tokenid"], "coop@pve!life")
    with refused(400, tokenid="Token already exists"):
        root.access.users("coop@pve").token("life").post()
    for role, (privileges, paths) in roles.items():
        root.access.roles.post(roleid=role, privs=privileges)
        for path in paths:
            root.access.acl.put(path=path, roles=role, users="coop@pve", tokens="coop@pve!life")
    granted = {(one["path"], one["ugid"]) for one in root.access.acl.get()}
    assert ("/pool/clients", "coop@pve!life") in granted, granted
    rights = client(user="coop@pve", token_name="life", token_value=made["value"]).access.permissions.get()
    same(rights["/pool/clients"]["VM.Allocate"], 1)
    chapter("rights")
    return made["value"]


# --- the machine -----------------------------------------------------------------------------------------------------


def wanted_machine(**changes):
    machine = {
        "vmid": VM,
        "name": "lilas",
        "pool": "clients",
        "memory": 4096,
        "cores": 2,
        "cpu": "host",
        "ostype": "l26",
        "scsihw": "virtio-scsi-single",
        "scsi0": f"local-lvm:0,import-from={IMAGE},discard=on,iothread=1,ssd=1",
        "ide2": "local-lvm:cloudinit",
        "net0": f"virtio,bridge={LAB['bridge']}",
        "boot": "order=scsi0",
        "serial0": "socket",
        "vga": "serial0",
        "agent": "enabled=1",
        "ciuser": "debian",
        # Percent-encoded once by hand, and once more by the form.
        "sshkeys": quote(LAB["key"], safe=""),
        "ipconfig0": f"ip={LAB['address']},gw={LAB['gateway']}",
        "nameserver": LAB["gateway"],
        "cicustom": f"vendor={LAB['vendor']}",
        "ciupgrade": 0,
        "tags": "coop;life",
    }
    return machine | changes


def create(coop):
    with refused(403, "Permission check failed"):
        coop.nodes(NODE).qemu.post(**wanted_machine(pool=None))
    with refused(400, memory="type check", name="invalid format", bogus="not defined in schema"):
        coop.nodes(NODE).qemu.post(**wanted_machine(memory="much", name="not_dns", bogus=1))
    ended(coop, coop.nodes(NODE).qemu.post(**wanted_machine()), "qmcreate")
    with refused(500, f"unable to create VM {VM}"):
        coop.nodes(NODE).qemu.post(**wanted_machine())
    with refused(400, vmid=f"VM {VM} already exists"):
        coop.cluster.nextid.get(vmid=VM)
    config = vm(coop).config.get()
    same((config["name"], int(config["memory"]), config["tags"]), ("lilas", 4096, "coop;life"))
    assert config["scsi0"].startswith(f"local-lvm:vm-{VM}-disk-"), config["scsi0"]
    assert "import-from" not in config["scsi0"], config["scsi0"]
    with refused(400, size="does not match the regex pattern"):
        vm(coop).resize.put(disk="scsi0", size="20GB")
    ended(coop, vm(coop).resize.put(disk="scsi0", size="20G"), "resize")
    assert "size=20G" in vm(coop).config.get()["scsi0"]
    vm(coop).config.put(cipassword="Tomme-2026-Bauges")
    same(vm(coop).config.get()["cipassword"], "**********")
    assert "Tomme" not in vm(coop).cloudinit.dump.get(type="user")
    same(vm(coop).status.current.get()["status"], "stopped")
    members = coop.pools.get(poolid="clients")[0]["members"]
    same([one["vmid"] for one in members], [VM])
    chapter("create")


def boot(coop):
    with refused(500, f"VM {VM} is not running"):
        vm(coop).agent.ping.post()
    ended(coop, vm(coop).status.start.post(), "qmstart")
    same(vm(coop).status.current.get()["status"], "running")
    ended(coop, vm(coop).status.start.post(), exitstatus=f"VM {VM} already running")
    wait_for_agent(coop)
    chapter("boot")


def wait_for_agent(coop, vmid=VM):
    silent = 0
    while silent < POLLS_MAX:
        try:
            same(vm(coop, vmid).agent.ping.post(), {"result": {}})
            break
        except ResourceException as refusal:
            same((refusal.status_code, refusal.content), (500, "QEMU guest agent is not running"))
            silent += 1
    assert 0 < silent < POLLS_MAX, f"asked {silent} times"


def run(coop, *command):
    """Runs a command in the guest; its exit code and output."""
    pid = vm(coop).agent.exec.post(command=list(command))["pid"]
    for _ in range(POLLS_MAX):
        status = vm(coop).agent("exec-status").get(pid=pid)
        if status["exited"]:
            return status["exitcode"], status.get("out-data", "")
    raise AssertionError(f"{command} does not end")


def talk_to_agent(coop):
    interfaces = vm(coop).agent("network-get-interfaces").get()["result"]
    addresses = [one["ip-address"] for each in interfaces for one in each.get("ip-addresses", [])]
    assert LAB["address"].split("/")[0] in addresses, addresses
    same(vm(coop).agent("get-osinfo").get()["result"]["id"], "debian")
    same(vm(coop).agent("get-host-name").get()["result"]["host-name"], "lilas")
    same(run(coop, "sh", "-c", "hostname; exit 3"), (3, "lilas\n"))
    same(run(coop, "id", "-un"), (0, "root\n"))
    vm(coop).agent("file-write").post(file="/root/note", content="écrit\n")
    same(vm(coop).agent("file-read").get(file="/root/note")["content"], "écrit\n")
    chapter("agent")


def reconfigure(coop):
    digest = vm(coop).config.get()["digest"]
    vm(coop).config.put(memory=6144, description="grows at its next start", digest=digest)
    with refused(500, "file change by other user"):
        vm(coop).config.put(cores=4, digest=digest)
    with refused(500, "no options specified"):
        vm(coop).config.put()
    pending = {one["key"]: one for one in vm(coop).pending.get()}
    same((int(pending["memory"]["value"]), int(pending["memory"]["pending"])), (4096, 6144))
    assert "pending" not in pending["description"], pending["description"]
    ended(coop, vm(coop).status.reboot.post(), "qmreboot")
    pending = {one["key"]: one for one in vm(coop).pending.get()}
    assert "pending" not in pending["memory"], pending["memory"]
    wait_for_agent(coop)
    chapter("change")


def snapshots(coop):
    with refused(400, snapname="invalid format"):
        vm(coop).snapshot.post(snapname="1st")
    ended(coop, vm(coop).snapshot.post(snapname="before", description="a quiet moment"), "qmsnapshot")
    ended(coop, vm(coop).snapshot.post(snapname="before"), exitstatus="already used")
    same(run(coop, "rm", "/root/note"), (0, ""))
    names = {one["name"]: one for one in vm(coop).snapshot.get()}
    same(sorted(names), ["before", "current"])
    same(names["current"]["parent"], "before")
    ended(coop, vm(coop).snapshot("before").rollback.post(), "qmrollback")
    same(vm(coop).status.current.get()["status"], "stopped")
    ended(coop, vm(coop).status.start.post())
    wait_for_agent(coop)
    same(run(coop, "cat", "/root/note"), (0, "écrit\n"))
    ended(coop, vm(coop).snapshot("before").delete(), "qmdelsnapshot")
    same([one["name"] for one in vm(coop).snapshot.get()], ["current"])
    chapter("snapshot")


def backups(coop):
    """Saved, shown, restored beside the original, looked into, destroyed."""
    node, local = coop.nodes(NODE), coop.nodes(NODE).storage("local")
    vm(coop).agent("file-write").post(file="/root/note", content="avant\n")
    with refused(403, "Sys.Modify"):
        node.vzdump.post(vmid=VM, storage="local", bwlimit=1000)
    with refused(400, storage="missing property required by 'notes-template'"):
        node.vzdump.post(vmid=VM, **{"notes-template": "x"})
    saving = node.vzdump.post(
        vmid=VM, storage="local", compress="zstd", mode="snapshot", **{"notes-template": "{{guestname}} by {{node}}"}
    )
    log = ended(coop, saving, "vzdump")
    assert f"INFO: Finished Backup of VM {VM} (" in log, log
    (saved,) = local.content.get(content="backup", vmid=VM)
    same((saved["format"], saved["subtype"], saved["notes"]), ("vma.zst", "qemu", f"lilas by {NODE}"))
    config = node.vzdump.extractconfig.get(volume=saved["volid"])
    assert "name: lilas\n" in config and "#qmdump#map:scsi0:drive-scsi0:local-lvm:raw:" in config, config
    vm(coop).agent("file-write").post(file="/root/note", content="après\n")

    wanted = {
        "vmid": DRILL,
        "archive": saved["volid"],
        "storage": "local-lvm",
        "unique": 1,
        "pool": "clients",
        "name": "drill-lilas",
        "memory": 1024,
        "onboot": 0,
        "net0": f"virtio,bridge={LAB['bridge']},link_down=1",
    }
    with refused(400, scsi0="conflicts with option 'archive'"):
        node.qemu.post(scsi0="local-lvm:8", **wanted)
    ended(coop, node.qemu.post(**wanted), "qmrestore")
    with refused(500, f"unable to restore VM {DRILL} - VM {DRILL} already exists"):
        node.qemu.post(**wanted)
    restored = vm(coop, DRILL).config.get()
    same((restored["name"], int(restored["memory"])), ("drill-lilas", 1024))
    ended(coop, vm(coop, DRILL).status.start.post(), "qmstart")
    wait_for_agent(coop, DRILL)
    same(vm(coop, DRILL).agent("file-read").get(file="/root/note")["content"], "avant\n")
    same(vm(coop).agent("file-read").get(file="/root/note")["content"], "après\n")
    ended(coop, vm(coop, DRILL).status.stop.post())
    ended(coop, vm(coop, DRILL).delete(purge=1), "qmdestroy")

    local.content(saved["volid"]).put(protected=1, notes="looked into")
    same(local.content(saved["volid"]).get()["notes"], "looked into")
    ended(coop, local.content(saved["volid"]).delete(), "imgdel", exitstatus="can't remove protected volume")
    local.content(saved["volid"]).put(protected=0)
    (plan,) = local.prunebackups.get(vmid=VM, **{"prune-backups": "keep-last=1"})
    same((plan["mark"], plan["volid"]), ("keep", saved["volid"]))
    ended(coop, local.content(saved["volid"]).delete(), "imgdel")
    same(local.content.get(content="backup"), [])
    vm(coop).agent("file-write").post(file="/root/note", content="écrit\n")
    chapter("backup")


def copies(coop):
    with refused(500, f"VM {VM} is running - destroy failed"):
        vm(coop).delete()
    ended(coop, vm(coop).status.shutdown.post(timeout=120), "qmshutdown")
    ended(coop, vm(coop).status.stop.post(), "qmstop")
    original = vm(coop).config.get()
    ended(coop, vm(coop).clone.post(newid=COPY, name="lilas-copy", full=1, pool="clients"), "qmclone")
    copied = vm(coop, COPY).config.get()
    same((copied["name"], copied["tags"]), ("lilas-copy", original["tags"]))
    assert copied["net0"] != original["net0"], copied["net0"]
    ended(coop, vm(coop, COPY).delete(purge=1, **{"destroy-unreferenced-disks": 1}), "qmdestroy")

    ended(coop, vm(coop).template.post(), "qmtemplate")
    same(vm(coop).config.get()["template"], 1)
    ended(coop, vm(coop).status.start.post(), exitstatus="template")
    ended(coop, vm(coop).clone.post(newid=CHILD, name="child", pool="clients"), "qmclone")
    child = vm(coop, CHILD).config.get()
    assert child["scsi0"].startswith(f"local-lvm:vm-{CHILD}-disk-"), child["scsi0"]
    # A template that something is linked to stays.
    ended(coop, vm(coop).delete(), exitstatus="still in use by linked clone")
    ended(coop, vm(coop, CHILD).delete(purge=1), "qmdestroy")
    ended(coop, vm(coop).delete(purge=1), "qmdestroy")
    same([one["volid"] for one in coop.nodes(NODE).storage("local-lvm").content.get()], [])
    chapter("copies")


def refusals(root, coop):
    with refused(500, f"Configuration file 'nodes/{NODE}/qemu-server/{VM}.conf' does not exist"):
        vm(root).config.get()
    with refused(501, "not implemented"):
        root.nodes(NODE).qemu(VM).bogus.get()
    with refused(501, "not implemented"):
        vm(root).move_disk.post(disk="scsi0", storage="local")
    with refused(400, vmid="type check"):
        root.nodes(NODE).qemu("abc").config.get()
    with refused(400, upid="unable to parse worker upid"):
        root.nodes(NODE).tasks("UPID:nonsense").status.get()
    with refused(400, storage="No such storage"):
        root.nodes(NODE).storage("attic").status.get()
    with refused(403, f"Permission check failed (/vms/{VM}, VM.Audit)"):
        vm(coop).config.get()
    with refused(403, "Sys.Modify"):
        coop.cluster.backup.post(id="nightly", schedule="02:30", storage="local", all=1)
    root.access.users("coop@pve").token("weak").post(privsep=1)
    weak = root.access.users("coop@pve").token("weak").put(regenerate=1)["value"]
    weak = client(user="coop@pve", token_name="weak", token_value=weak)
    same(weak.version.get()["release"], "9.2")
    with refused(403, "Permission check failed"):
        weak.nodes(NODE).status.get()
    chapter("refusals")


def accounts(root):
    person = client(user="coop@pve", password="Fondue-2026-Annecy")
    same(person.version.get()["release"], "9.2")
    with refused(403):
        person.access.users.post(userid="friend@pve")
    root.access.groups.post(groupid="technicians")
    root.access.users("coop@pve").put(groups="technicians")
    same(root.access.groups("technicians").get()["members"], ["coop@pve"])
    root.access.users("coop@pve").put(enable=0)
    with refused(401):
        person.version.get()
    root.access.users("coop@pve").token("weak").delete()
    same([one["tokenid"] for one in root.access.users("coop@pve").token.get()], ["life"])
    root.access.users("coop@pve").delete()
    root.access.groups("technicians").delete()
    root.access.roles("LifeMachines").delete()
    root.pools.delete(poolid="clients")
    same(root.pools.get(), [])
    same([one["ugid"] for one in root.access.acl.get() if one["ugid"].startswith("coop@pve")], [])
    chapter("accounts")


if __name__ == "__main__":
    main()
