import email
import threading
from pathlib import Path

from msgspec.structs import replace

from penstock import failpoints
from penstock.config import Settings
from penstock.wiring.uploads import intake_of
from services.standalone.system import Standalone
from tests.support import messy_file


def test_the_last_announcement_is_mailed_before_the_end(tmp_path: Path) -> None:
    """The tracker is held up between a request's end and its announcement, until the system has begun to stop."""
    arrived, go_on = threading.Event(), threading.Event()

    def hold_up(name: str) -> None:
        if name == "tracker.state_stored" and standalone.system.requests.list(messy_file.TENANT)[0].status.ended:
            arrived.set()
            go_on.wait(240)

    standalone = Standalone(Settings(data=tmp_path / "data"), workers=0)
    with failpoints.installed(hold_up):
        standalone.__enter__()
        command = replace(messy_file.command(standalone.system), notify=("someone@example.org",))
        intake_of(standalone.system).upload(messy_file.TENANT, [messy_file.BODY], command)
        assert arrived.wait(240)
        ending = threading.Thread(target=standalone.__exit__)
        ending.start()
        threading.Timer(0.3, go_on.set).start()  # long enough for a notifier that would not wait
        ending.join(240)
    subjects = [email.message_from_bytes(path.read_bytes())["Subject"] for path in (tmp_path / "data/mail").glob("*")]
    assert [subject for subject in subjects if subject.startswith("Upload completed, ")]
