"""From the template and the binaries to a stack on the emulator, by the steps that a real deployment takes."""

import io
import json
import os
import pathlib
import subprocess
import time
import zipfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra" / "template.yaml"
ARTIFACTS = "artifacts"
CREATE_SECS = 120
SANDBOX = "moyasar-sandbox"
# Where `fonts.py` puts the fonts that go beside a binary, and whose.
FONTS = ROOT / "target" / "fonts"
WITH_FONTS = ("execution", "receipts")
# Left out, because the emulator does as it says and speaks no TLS.
NEEDS_TLS = ("BucketOverTlsOnly",)


def functions(template):
    """The folder names of the deployed functions, by logical id: `../target/deploy/donations.zip` → `donations`."""
    return {
        name: pathlib.PurePosixPath(resource["Properties"]["CodeUri"]).stem
        for name, resource in template["Resources"].items() if resource["Type"] == "AWS::Serverless::Function"
    }


def build_functions(profile):
    """Builds every deployed function, and nothing beside: what is built in one command shares its crates' features."""
    names = functions(yaml.safe_load(TEMPLATE.read_text())).values()
    cargo("--profile", profile, *(part for name in names for part in ("--package", name, "--bin", name)))


def build_sandbox(profile):
    """Builds the payment provider's sandbox."""
    cargo("--profile", profile, "--package", SANDBOX, "--bin", SANDBOX)


def built(profile):
    """Where each binary of a profile is, by its name; one that is not built is an error."""
    def find(name):
        binary = target(profile) / name
        if not binary.exists():
            raise FileNotFoundError(f"{name} is not built in the profile {profile}")
        return binary
    return find


def target(profile):
    """Where cargo puts the binaries of a profile."""
    folder = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return folder / ("debug" if profile == "dev" else profile)


def cargo(*arguments):
    """Builds something of the workspace."""
    subprocess.run(["cargo", "build", "--locked", "--quiet", *arguments], cwd=ROOT, check=True)


def bundle(binary, beside=()):
    """A deployment package: the binary under the name that `provided.al2023` starts, executable, and files beside it; dated alike each time."""
    parts = [("bootstrap", 0o100755, binary.read_bytes())]
    parts += [(name, 0o100644, path.read_bytes()) for name, path in beside]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, mode, content in parts:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, content)
    return out.getvalue()


def beside(folder):
    """What goes into a function's package besides its binary: the fonts of documents, if `fonts.py` has brought them."""
    if folder not in WITH_FONTS or not FONTS.is_dir():
        return ()
    return [(f"fonts/{path.name}", path) for path in sorted(FONTS.iterdir())]


def package(at, binaries):
    """Puts each binary's package and the template that names them into a bucket, as `aws cloudformation package` does."""
    template = yaml.safe_load(TEMPLATE.read_text())
    s3 = at.client("s3")
    s3.create_bucket(Bucket=ARTIFACTS)
    for name in NEEDS_TLS:
        del template["Resources"][name]
    for logical, folder in functions(template).items():
        key = f"{folder}.zip"
        s3.put_object(Bucket=ARTIFACTS, Key=key, Body=bundle(binaries(folder), beside(folder)))
        template["Resources"][logical]["Properties"]["CodeUri"] = {"Bucket": ARTIFACTS, "Key": key}
    s3.put_object(Bucket=ARTIFACTS, Key="template.json", Body=json.dumps(template).encode())
    return f"{at.url}/{ARTIFACTS}/template.json"


def create(at, name, url, parameters):
    """Creates the stack and returns its outputs; a failure names the resources that failed, and why."""
    formation = at.client("cloudformation")
    formation.create_stack(
        StackName=name, TemplateURL=url, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()])
    end = time.monotonic() + CREATE_SECS
    while time.monotonic() < end:
        stack = formation.describe_stacks(StackName=name)["Stacks"][0]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        if stack["StackStatus"] != "CREATE_IN_PROGRESS":
            raise RuntimeError(f"{stack['StackStatus']}: {reasons(formation, name)}")
        time.sleep(0.2)
    raise RuntimeError(f"stack not created within {CREATE_SECS} s")


def callbacks_url(at, outputs):
    """Where the payment provider posts: the API by its path, because no name server here knows the API's own name."""
    return f"{at.url}/_aws/execute-api/{outputs['ApiId']}/%24default/v1/payments/moyasar/callbacks"


def reasons(formation, name):
    """Why the resources of a stack failed, one line each."""
    events = formation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    return "\n".join(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in failed)
