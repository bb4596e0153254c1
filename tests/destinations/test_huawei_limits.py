"""What a work item of CodeArts Req holds and takes, and what the doctor says of targets."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import responses

from pytest_attach_evidence.destinations.base import Holding
from pytest_attach_evidence.destinations.huawei_settings import HuaweiSettings
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import OnceMoreError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.obstacles import broken_limit
from pytest_attach_evidence.secrets import Secrets
from pytest_attach_evidence.settings import Settings

from .contract import outcome
from .huawei_scenes import FOREIGN
from .huawei_scenes import ITEM
from .huawei_scenes import KEYS
from .huawei_scenes import LIST
from .huawei_scenes import PROJECT
from .huawei_scenes import SCRUM
from .huawei_scenes import SceneOf
from .huawei_scenes import another
from .huawei_scenes import codearts
from .huawei_scenes import scenes


MEBIBYTE = 1024 * 1024


@pytest.fixture
def make_scene(tmp_path: Path) -> Iterator[SceneOf]:
    """Build scenes with switches of the look-alike, target text and environment of choice."""
    with scenes(tmp_path) as build:
        yield build


class TestRoom:
    """Nothing is sent to a work item that cannot take it."""

    def test_a_full_work_item_is_seen_before_anything_is_sent(self, make_scene: SceneOf) -> None:
        """100 attachments are the limit; the message says how many there are."""
        scene = make_scene()
        many = scene.pieces(*[(f"{number}.txt", b"x") for number in range(101)])
        results = scene.deliver(many)

        error = results[many[100].key]
        assert isinstance(error, PermanentError)
        assert "100 of 100 attachments" in str(error)
        assert 100 == scene.uploads()
        assert 1 == len(scene.requests("GET", LIST))

    def test_too_many_bytes_together_are_seen_before_anything_is_sent(
        self, make_scene: SceneOf
    ) -> None:
        """50 MB together are the limit, also of what others have attached."""
        mebibyte = 1024 * 1024
        scene = make_scene(login="password")
        first, second = scene.pieces(
            ("a.bin", b"x" * (30 * mebibyte)), ("b.bin", b"x" * (21 * mebibyte))
        )
        scene.deliver([first])
        other = dataclasses.replace(scene, destination=another(scene))

        error = outcome(other, [second])

        assert isinstance(error, PermanentError)
        assert "1 of 100 attachments and 30.0 MB of 50.0 MB; a piece of 21.0 MB" in str(error)
        assert "evidence_huawei_max_total" in error.next_step
        assert 1 == scene.uploads()

    def test_a_list_that_is_refused_does_not_stop_an_upload(self, make_scene: SceneOf) -> None:
        """Listing is a right of its own; the service then guards its limits itself."""
        scene = make_scene()
        pieces = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))
        scene.sandbox.faults.add("status-403", method="GET", path=LIST)

        results = scene.deliver(pieces)

        assert all(isinstance(result, Receipt) for result in results.values())
        assert 1 == len(scene.requests("GET", LIST))

    def test_where_a_work_item_takes_more_an_option_says_so(self, make_scene: SceneOf) -> None:
        """The vendor's pages name 50 and 500 MB; the service's own answer is the last word."""
        options = {"evidence_huawei_max_total": "60M"}
        scene = make_scene(login="password", options=options, item_limit=55 * MEBIBYTE)
        first, second, third = scene.pieces(
            ("a.bin", b"x" * (40 * MEBIBYTE)),
            ("b.bin", b"x" * (12 * MEBIBYTE)),
            ("c.bin", b"x" * (5 * MEBIBYTE)),
        )

        results = scene.deliver([first, second, third])

        assert isinstance(results[first.key], Receipt)
        assert isinstance(results[second.key], Receipt)
        refused = results[third.key]
        assert isinstance(refused, PermanentError)
        assert f"takes {55 * MEBIBYTE} bytes" in str(refused)
        assert 3 == scene.uploads()

    def test_a_piece_that_fits_goes_after_one_that_does_not(self, make_scene: SceneOf) -> None:
        """Only what does not fit is rejected."""
        scene = make_scene(options={"evidence_huawei_max_total": "1000"})
        pieces = scene.pieces(("a.bin", b"x" * 600), ("b.bin", b"x" * 600), ("c.bin", b"x" * 400))

        results = scene.deliver(pieces)

        kinds = [type(results[piece.key]) for piece in pieces]
        assert [Receipt, PermanentError, Receipt] == kinds

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            ("status-500", TemporaryError),
            ("status-429", TemporaryError),
            ("answer-lost", TemporaryError),
            ("login-page", DestinationClosedError),
            ("array", TemporaryError),
            ("status-401", DestinationClosedError),
        ],
    )
    def test_a_list_that_fails_rejects_nothing(
        self, make_scene: SceneOf, fault: str, kind: type[Exception]
    ) -> None:
        """The piece was not sent and waits; the next attempt lists anew, and sends it once."""
        scene = make_scene()
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.sandbox.faults.add(fault, method="GET", path=LIST)

        assert kind is type(outcome(scene, [piece]))
        assert 0 == scene.uploads()
        assert isinstance(outcome(scene, [piece]), Receipt)
        assert 1 == scene.uploads()

    def test_after_a_lost_answer_the_work_item_is_listed_anew(self, make_scene: SceneOf) -> None:
        """What may have arrived counts as soon as it is seen, and once."""
        scene = make_scene(options={"evidence_huawei_max_total": "1000"})
        first, second = scene.pieces(("a.bin", b"x" * 600), ("b.bin", b"x" * 600))
        scene.fail("answer-lost")

        lost = outcome(scene, [first])
        error = outcome(scene, [second])

        assert isinstance(lost, UncertainError)
        assert isinstance(error, PermanentError)
        assert "holds 1 of 100 attachments" in str(error)
        assert 2 == len(scene.requests("GET", LIST))

    def test_a_full_work_item_still_has_what_arrived_there(self, make_scene: SceneOf) -> None:
        """A piece whose answer was lost is found, though nothing more would fit."""
        scene = make_scene(options={"evidence_huawei_max_total": "1000"})
        [piece] = scene.pieces(("a.bin", b"x" * 1000))
        scene.fail("answer-lost")
        outcome(scene, [piece])

        found = another(scene).find(piece.target, [piece])

        assert [piece.key] == list(found)

    def test_two_spellings_of_a_work_item_share_its_room(self, make_scene: SceneOf) -> None:
        """Id and number are one place, listed once."""
        scene = make_scene(options={"evidence_huawei_max_total": "1000"})
        [first] = scene.pieces(("a.bin", b"x" * 600))
        [second] = scene.pieces(("b.bin", b"x" * 600), text="US20261105123456", item="j1-2")
        scene.deliver([first])

        assert isinstance(outcome(scene, [second]), PermanentError)
        assert 1 == len(scene.requests("GET", LIST))

    @pytest.mark.parametrize(
        ("login", "options", "limit", "hint"),
        [
            ("keys", {}, 12 * MEBIBYTE - 4096, "PYTEST_EVIDENCE_HUAWEI_USER"),
            (
                "keys",
                {"evidence_huawei_max_signed": "64M"},
                50 * MEBIBYTE,
                "evidence_huawei_max_file",
            ),
            ("password", {}, 50 * MEBIBYTE, "evidence_huawei_max_file"),
            ("password", {"evidence_huawei_max_file": "200M"}, 200 * MEBIBYTE, "max_file"),
        ],
    )
    def test_a_file_that_is_too_large_is_told_before_anything_is_sent(
        self, make_scene: SceneOf, login: str, options: dict[str, str], limit: int, hint: str
    ) -> None:
        """Both numbers are in the message, and what to do; each disputed limit is an option."""
        scene = make_scene(login=login, options=options)
        [piece] = scene.pieces(("a.bin", b""))
        large = dataclasses.replace(
            piece, evidence=dataclasses.replace(piece.evidence, size=limit + 1)
        )

        broken = broken_limit(large, 0, 1, scene.destination.limits)

        assert broken is not None
        assert f"has {limit + 1:,} bytes, huawei takes {limit:,}" == broken[0]
        assert hint in broken[1]
        assert 0 == len(scene.requests())

    def test_the_largest_signed_file_gets_through_the_gateway(self, make_scene: SceneOf) -> None:
        """What is taken off for the multipart body is enough for it."""
        scene = make_scene()
        name = "n" * 255 + ".bin"
        [piece] = scene.pieces((name, b"x" * (scene.destination.limits.max_bytes or 0)))

        assert isinstance(outcome(scene, [piece]), Receipt)


class TestHolding:
    """How full a target is, as the summary tells it."""

    def test_nothing_is_told_that_was_not_seen(self, make_scene: SceneOf) -> None:
        """Neither before a list, nor where the list is refused; nobody is asked."""
        scene = make_scene(text="US20261105123456")
        [piece] = scene.pieces(("a.txt", b"a"))
        assert scene.destination.holding(piece.target, [piece.key]) is None

        scene.sandbox.faults.add("status-403", method="GET", path=LIST)
        scene.deliver([piece])

        asked = len(scene.requests())
        assert scene.destination.holding(piece.target, [piece.key]) is None
        assert asked == len(scene.requests())

    def test_a_run_sees_what_others_left(self, make_scene: SceneOf) -> None:
        """Keys of other runs are counted apart; what this one adds is counted too."""
        scene = make_scene()
        earlier = scene.pieces(("a.txt", b"aa"), ("b.txt", b"bb"), item="j0-1")
        scene.deliver(earlier)
        later = dataclasses.replace(scene, destination=another(scene))
        ours = later.pieces(("c.txt", b"c"))
        later.deliver(ours)

        expected = Holding(all=3, of_others=2, left=97, left_bytes=50 * MEBIBYTE - 5)
        assert expected == later.destination.holding(ours[0].target, [ours[0].key])

    def test_a_scrum_item_has_no_documented_limits(self, make_scene: SceneOf) -> None:
        """It is not listed before an upload either; a look shows what is there."""
        scene = make_scene(text=f"scrum/{SCRUM}/1042")
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.deliver([piece])
        assert scene.destination.holding(piece.target, [piece.key]) is None

        scene.destination.find(piece.target, [piece])

        assert Holding(all=1, of_others=0) == scene.destination.holding(piece.target, [piece.key])


class TestUnlisted:
    """A Scrum item whose detail has no list of attachments."""

    def test_nobody_can_tell_what_arrived(self, make_scene: SceneOf) -> None:
        """What is not told is not taken for an empty list: the piece stays uncertain."""
        scene = make_scene(text=f"scrum/{SCRUM}/1042", with_accessories=False)
        [piece] = scene.pieces(("a.txt", b"a"))
        scene.fail("answer-lost")

        assert isinstance(outcome(scene, [piece]), UncertainError)
        with pytest.raises(UncertainError, match="no list of attachments"):
            scene.destination.find(piece.target, [piece])

    def test_the_doctor_warns(self, make_scene: SceneOf) -> None:
        """The upload itself will work."""
        scene = make_scene(text=f"scrum/{SCRUM}/1042", with_accessories=False)

        [problem] = scene.destination.check([scene.destination.parse(scene.text)])

        assert "warning" == problem.severity


class TestCheck:
    """What the doctor says of targets."""

    @pytest.mark.parametrize(
        ("text", "severities"),
        [
            (ITEM, []),
            ("US20261105123456", []),
            ("956239067176935499", ["error"]),
            ("US20000101000000", ["error"]),
            (f"{FOREIGN}/956239067176939900", ["error"]),
            (f"scrum/{SCRUM}/1042", []),
            (f"scrum/{SCRUM}/999", ["error"]),
        ],
    )
    def test_each_target_is_read_once(
        self, make_scene: SceneOf, text: str, severities: list[str]
    ) -> None:
        """A target that cannot be reached is a problem; nothing is changed."""
        scene = make_scene()

        problems = scene.destination.check([scene.destination.parse(text)])

        assert severities == [problem.severity for problem in problems]
        assert 0 == scene.uploads()

    def test_a_full_target_is_a_problem(self, make_scene: SceneOf) -> None:
        """It would be found out only at delivery."""
        scene = make_scene()
        pieces = scene.pieces(*[(f"{number}.txt", b"x") for number in range(100)])
        scene.deliver(pieces)

        [problem] = scene.destination.check([pieces[0].target])

        assert "is full: 100 of 100 attachments" in str(problem)

    def test_refused_credentials_are_tried_once(self, make_scene: SceneOf) -> None:
        """The doctor must not lock the access key by asking for every target."""
        environ = {f"{KEYS}ACCESS_KEY": "SANDBOXACCESSKEY0001", f"{KEYS}SECRET_KEY": "wrong-key"}
        scene = make_scene(environ=environ)
        texts = (ITEM, "956239067176935401", "956239067176935402")

        [problem] = scene.destination.check([scene.destination.parse(text) for text in texts])

        assert "huawei" == problem.subject
        assert "lock" in problem.next_step
        assert 1 == len(scene.requests())

    def test_a_server_that_is_away_is_a_problem(self, make_scene: SceneOf) -> None:
        """The doctor goes on and says it."""
        scene = make_scene()
        scene.sandbox.faults.add("status-502", times=9)

        [problem] = scene.destination.check([scene.destination.parse(ITEM)])

        assert "502" in problem.seen

    def test_a_region_that_nobody_knows_is_a_warning_with_the_nearest(
        self, make_scene: SceneOf
    ) -> None:
        """It may be new; it may be a slip of the pen."""
        scene = make_scene(
            options={"evidence_huawei_url": ""} | {"evidence_huawei_region": "cn-nroth-4"}
        )

        [problem] = scene.destination.check([])

        assert "warning" == problem.severity
        assert "cn-north-4" in problem.next_step

    def test_a_region_that_cannot_be_reached_is_named_with_the_nearest(
        self, make_scene: SceneOf
    ) -> None:
        """The piece waits; the cause stands beside it. No such name is ever resolved."""
        region = "cn-nroth-4"
        scene = make_scene(options={"evidence_huawei_url": "", "evidence_huawei_region": region})
        [piece] = scene.pieces(("a.txt", b"a"), text=f"{PROJECT}/{ITEM}")
        with responses.RequestsMock() as server:
            url = f"https://projectman-ext.{region}.myhuaweicloud.com"
            path = f"/v1/ipdprojectservice/projects/{PROJECT}/attachments"
            server.get(f"{url}{path}", body=requests.ConnectionError("Name not known"))

            error = outcome(scene, [piece])

        assert isinstance(error, TemporaryError)
        assert "no connection to projectman-ext.cn-nroth-4" in str(error)
        assert "try cn-north-4" in str(error)

    def test_an_error_that_leads_elsewhere_keeps_its_kind(self) -> None:
        """One that is tried once more, or says that a limiter spoke, came from a server that is there."""
        given = {"evidence_huawei_region": "cn-nroth-4"}
        odd = HuaweiSettings(Settings(given=given), Secrets({}))

        for error in (
            OnceMoreError("too large", retry_after_s=1.0),
            TemporaryError("too often", throttled=True),
        ):
            assert error is odd.doubting(error)

    def test_a_project_of_33_characters_is_a_warning(self, make_scene: SceneOf) -> None:
        """The vendor's own example has 33; what it refuses in the end it refuses in words."""
        odd = f"{PROJECT}a"
        scene = make_scene()
        codearts(scene).projects.append(dataclasses.replace(codearts(scene).projects[0], id=odd))

        [problem] = scene.destination.check([scene.destination.parse(f"{odd}/{ITEM}")])

        assert ("warning", f"project {odd}") == (problem.severity, problem.subject)
        assert "33 characters" in problem.seen

    @pytest.mark.parametrize(
        ("text", "fault", "known"),
        [(ITEM, "", True), (ITEM, "status-404", False), (f"scrum/{SCRUM}/1042", "", False)],
    )
    def test_a_state_that_is_not_told_is_not_called_open(
        self, make_scene: SceneOf, text: str, fault: str, known: bool
    ) -> None:
        """Attachments are seen all the same; a gateway of one's own need not publish the detail."""
        scene = make_scene()
        if fault:
            scene.sandbox.faults.add(fault, times=-1, path="/v2/ipdprojectservice/")
        target = scene.destination.parse(text)
        examination = scene.destination.examination()
        examination.begin([target])

        look = examination.look(target)

        assert known == look.known
        assert known == ("not told" not in look.seen)
        assert () == look.problems
