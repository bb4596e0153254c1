"""Runs the vendor's own SDK in an environment of its own: a line of JSON asks, a line of JSON answers.

Imports nothing of this project, which runs without the SDK.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.formdata import FormFile
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from huaweicloudsdkprojectman import v4


def sign(asked: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers of a request as the SDK signs it."""
    credentials = BasicCredentials(asked["access_key"], asked["secret_key"])
    request = SdkRequest(
        method=asked["method"],
        schema="https",
        host=asked["host"],
        resource_path=asked["path"],
        query_params=[tuple(pair) for pair in asked["query"]],
        header_params=dict(asked["headers"]),
        body=asked["body"].encode(),
    )
    return dict(Signer(credentials).sign(request).header_params)


def client(asked: Mapping[str, Any]) -> v4.ProjectManClient:
    """Return the SDK's client of an endpoint."""
    credentials = BasicCredentials(asked["access_key"], asked["secret_key"])
    if token := asked.get("security_token"):
        credentials = credentials.with_security_token(token)
    building = v4.ProjectManClient.new_builder().with_credentials(credentials)
    return building.with_endpoint(asked["root"]).build()


def upload(asked: Mapping[str, Any]) -> Any:
    """Attach a file to an IPD work item."""
    with open(asked["file"], "rb") as file:  # noqa: PTH123  # the SDK looks at how it was opened
        body = v4.CreateIpdProjectIssueAttachmentRequestBody(attachment=FormFile(file))
        request = v4.CreateIpdProjectIssueAttachmentRequest(
            project_id=asked["project"], issue_id=asked["issue"], body=body
        )
        return client(asked).create_ipd_project_issue_attachment(request).to_json_object()


def upload_scrum(asked: Mapping[str, Any]) -> Any:
    """Attach a file to a Scrum item."""
    with open(asked["file"], "rb") as file:  # noqa: PTH123
        request = v4.UploadAttachmentsRequest(
            project_id=asked["project"],
            issue_id=asked["issue"],
            body=v4.UploadAttachmentsRequestBody(attachment=FormFile(file)),
        )
        return client(asked).upload_attachments(request).to_json_object()


def attachments(asked: Mapping[str, Any]) -> Any:
    """List the attachments of an IPD work item."""
    request = v4.ShowIpdAttachmentByWorkItemIdRequest(
        project_id=asked["project"], issue_id=asked["issue"], source_project_id=asked["project"]
    )
    return client(asked).show_ipd_attachment_by_work_item_id(request).to_json_object()


def accessories(asked: Mapping[str, Any]) -> Any:
    """Show a Scrum item with its attachments."""
    request = v4.ShowIssueV4Request(project_id=asked["project"], issue_id=asked["issue"])
    return client(asked).show_issue_v4(request).to_json_object()["accessories"]


def download(asked: Mapping[str, Any]) -> Any:
    """Write an IPD attachment into a file."""
    request = v4.DownloadIpdIssueAttachmentRequest(project_id=asked["project"], id=asked["id"])
    response = client(asked).download_ipd_issue_attachment(request)
    Path(asked["file"]).write_bytes(response.raw_content or b"")
    return response.status_code


def download_scrum(asked: Mapping[str, Any]) -> Any:
    """Write an attachment of a Scrum item into a file."""
    request = v4.DownloadAttachmentRequest(
        project_id=asked["project"], issue_id=asked["issue"], attachment_id=asked["id"]
    )
    response = client(asked).download_attachment(request)

    def save(stream: Any) -> None:
        Path(asked["file"]).write_bytes(b"".join(stream.iter_content(64 * 1024)))

    response.consume_download_stream(save)
    return response.status_code


def delete_scrum(asked: Mapping[str, Any]) -> Any:
    """Delete an attachment of a Scrum item."""
    request = v4.DeleteAttachmentRequest(
        project_id=asked["project"], issue_id=asked["issue"], attachment_id=asked["id"]
    )
    return client(asked).delete_attachment(request).status_code


def items(asked: Mapping[str, Any]) -> Any:
    """List work items of some types."""
    page = v4.PageInfoVO(page_no=1, page_size=100)
    request = v4.ListIpdProjectIssuesRequest(
        project_id=asked["project"],
        issue_type=asked["types"],
        body=v4.SearchIpdIssuesRequestBody(page=page),
    )
    found = client(asked).list_ipd_project_issues(request).to_json_object()
    return [item["id"] for item in found["result"]["issues"]]


def projects(asked: Mapping[str, Any]) -> Any:
    """List projects of both kinds."""
    made = client(asked)
    ipd = made.show_ipd_project_list(v4.ShowIpdProjectListRequest()).to_json_object()
    others = made.list_projects_v4(v4.ListProjectsV4Request(offset=0, limit=100)).to_json_object()
    return [
        [project["id"] for project in ipd["result"]],
        [project["project_id"] for project in others["projects"]],
    ]


OFFERED: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    done.__name__: done
    for done in (
        *(sign, upload, upload_scrum, attachments, accessories),
        *(download, download_scrum, delete_scrum, items, projects),
    )
}


def main() -> None:
    """Answer until standard input ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"done": OFFERED[asked["do"]](asked)}
        except ClientRequestException as error:
            answer = {"refused": [error.status_code, error.error_code]}
        except Exception as error:  # noqa: BLE001  # the test that asked shall fail, and no other
            answer = {"failed": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
