# Copyright IonRoller Authors
# SPDX-License-Identifier: MPL-2.0
"""Holds the sandbox to the models that boto3 has of AWS's APIs.

Arguments: the sandbox's info, and what it serves as a list of service:Operation,
both in JSON. There are two environments in it. Everything that is wrong is printed;
it ends with 1 if anything is.
"""

import datetime
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

info, served = json.loads(sys.argv[1]), set(json.loads(sys.argv[2]))
names = ("sts", "iam", "elasticbeanstalk", "elbv2", "autoscaling", "cloudformation", "cloudwatch", "ec2", "ecr", "route53", "s3")
wrong = []


def client(name):
    return boto3.client(
        name, endpoint_url=info["endpoint_url"], region_name=info["region"], aws_access_key_id=info["access_key_id"],
        aws_secret_access_key=info["secret_access_key"], config=Config(retries={"total_max_attempts": 1}, parameter_validation=False))


def refusal(client, operation, parameters):
    """How a call that must fail does: code and message of AWS's error."""
    try:
        client._make_api_call(operation, parameters)
    except ClientError as e:
        if not e.response["ResponseMetadata"].get("RequestId"):
            wrong.append(f"{operation} {parameters}: its error has no request id")
        return e.response["Error"]["Code"], e.response["Error"]["Message"]
    except (KeyError, TypeError, ValueError):
        return "unsent", ""  # boto3 itself cannot make a request of so little
    return "no error", ""


def filler(shape):
    if getattr(shape, "enum", None):
        return shape.enum[0]
    values = {"string": "x", "integer": 1, "long": 1, "boolean": True, "timestamp": 0, "list": []}
    return values.get(shape.type_name, {})


def placed(operation):
    """Values for the members that are in the address of a request."""
    if operation.input_shape is None:
        return {}
    values = {n: filler(m) for n, m in operation.input_shape.members.items() if m.serialization.get("location") == "uri"}
    if "HostedZoneId" in values:
        values["HostedZoneId"] = info["hosted_zone_id"]
    return values


def enumerations(shape, seen=()):
    """Parameters that each have one word which its enumeration does not have."""
    if shape.type_name == "string" and getattr(shape, "enum", None):
        yield "nonsense"
    elif shape.type_name == "list":
        yield from ([v] for v in enumerations(shape.member, seen))
    elif shape.type_name == "structure" and shape.name not in seen:
        for name, member in shape.members.items():
            yield from ({name: v} for v in enumerations(member, (*seen, shape.name)))


def check_unserved(service, client, operation):
    code, _ = refusal(client, operation.name, placed(operation))
    if code not in ("InvalidAction", "UnknownOperationException", "NotImplemented", "unsent"):
        wrong.append(f"{service}:{operation.name} is not served, and answers {code}")


def check_required(service, client, operation):
    members, required = operation.input_shape.members, operation.input_shape.required_members
    for absent in required:
        if absent in placed(operation):
            continue
        rest = {n: filler(members[n]) for n in required if n != absent}
        code, message = refusal(client, operation.name, {**rest, **placed(operation)})
        if absent.lower() not in message.lower():
            wrong.append(f"{service}:{operation.name} without {absent}: {code} {message}")


def check_enumerations(service, client, operation):
    for parameters in enumerations(operation.input_shape):
        code, message = refusal(client, operation.name, parameters)
        if "'nonsense'" not in message or "enum value set" not in message:
            wrong.append(f"{service}:{operation.name} {parameters}: {code} {message}")


def make_two_of_everything():
    """What environments do not bring with them."""
    elb, cw, ecr, r53, s3 = (client(n) for n in ("elbv2", "cloudwatch", "ecr", "route53", "s3"))
    elb.create_load_balancer(Name="second", Subnets=info["subnets"])
    elb.create_listener(LoadBalancerArn=info["load_balancer_arn"], Port=81, Protocol="HTTP", DefaultActions=[
        {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}])
    for n in "12":
        cw.put_metric_data(Namespace="Acme", MetricData=[{"MetricName": "m" + n, "Value": 1}])
        cw.put_metric_alarm(
            AlarmName=n, Namespace="Acme", MetricName="m1", Period=60, Statistic="Sum", EvaluationPeriods=1, Threshold=9,
            ComparisonOperator="GreaterThanThreshold")
        r53.create_hosted_zone(Name=f"acme{n}.test", CallerReference=n)
        s3.create_bucket(Bucket="bucket-" + n)
        s3.put_object(Bucket="bucket-1", Key=n, Body=n.encode())
        upload = {"Bucket": "bucket-1", "Key": n, "UploadId": s3.create_multipart_upload(Bucket="bucket-1", Key=n)["UploadId"]}
        s3.upload_part(PartNumber=1, Body=b"x", **upload)
    s3.upload_part(PartNumber=2, Body=b"x", **upload)
    ecr.create_repository(repositoryName="acme")
    for n in "12":
        ecr.put_image(repositoryName="acme", imageManifest=n)
    stacks = client("cloudformation").describe_stacks()["Stacks"]
    group = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    more = elb.create_target_group(Name="more", Port=80, Protocol="HTTP", VpcId=info["vpc_id"])["TargetGroups"][0]["TargetGroupArn"]
    client("autoscaling").attach_load_balancer_target_groups(AutoScalingGroupName=group["AutoScalingGroupName"], TargetGroupARNs=[more])
    now = datetime.datetime.now(datetime.timezone.utc)
    return {  # what the listings that need to know are asked for
        "DescribeImages": {"repositoryName": "acme"},
        "DescribeListeners": {"LoadBalancerArn": info["load_balancer_arn"]},
        "DescribeLoadBalancerTargetGroups": {"AutoScalingGroupName": group["AutoScalingGroupName"]},
        "DescribeRules": {"ListenerArn": info["listener_arn"]},
        "GetMetricData": {"StartTime": now - datetime.timedelta(hours=1), "EndTime": now + datetime.timedelta(hours=1), "MetricDataQueries": [
            {"Id": "m" + n, "MetricStat": {"Metric": {"Namespace": "Acme", "MetricName": "m" + n}, "Period": 60, "Stat": "Sum"}} for n in "12"]},
        "ListMultipartUploads": {"Bucket": "bucket-1"},
        "ListObjects": {"Bucket": "bucket-1"},
        "ListObjectsV2": {"Bucket": "bucket-1"},
        "ListParts": upload,
        "ListResourceRecordSets": {"HostedZoneId": info["hosted_zone_id"]},
        "ListStackResources": {"StackName": stacks[0]["StackName"]},
        "SimulatePrincipalPolicy": {
            "PolicySourceArn": f"arn:aws:iam::{info['account_id']}:user/read-only", "ActionNames": ["s3:GetObject", "s3:PutObject"]},
    }


def check_pages(service, client, operation, arguments):
    """The pages of a listing, as small as can be asked for, make the whole."""
    method = next(m for m, o in client.meta.method_to_api_mapping.items() if o == operation.name)
    paginator = client.get_paginator(method)
    size = 5 if service == "ec2" else 1
    if paginator._limit_key is None or operation.name == "GetMetricData":
        return  # its pages have a size of their own, or are too large to fill
    keys = [k.expression for k in paginator.result_keys]
    whole = client._make_api_call(operation.name, arguments)
    pages = list(paginator.paginate(**arguments, PaginationConfig={"PageSize": size}))
    for key in keys:
        items = whole.get(key) or []
        if items != [i for p in pages for i in p.get(key) or []]:
            wrong.append(f"{service}:{operation.name}: its {len(pages)} pages are not the {len(items)} {key}")
    items = sum(len(whole.get(k) or []) for k in keys)
    if len(pages) != max(1, -(-items // size)) or items < 2 and service != "ec2":
        wrong.append(f"{service}:{operation.name}: {items} items on {len(pages)} pages")


arguments = make_two_of_everything()
for name in names:
    c = client(name)
    model = c.meta.service_model
    for each in model.operation_names:
        o = model.operation_model(each)
        if each == "ListDirectoryBuckets":  # is ListBuckets, at another address
            continue
        if f"{model.signing_name}:{each}" not in served:
            check_unserved(model.signing_name, c, o)
            continue
        if o.input_shape is not None and name not in ("s3", "ec2"):  # which put members into places of their own
            check_required(model.signing_name, c, o)
            if name not in ("ecr", "route53"):  # whose words are checked where they are used
                check_enumerations(model.signing_name, c, o)
        if c.can_paginate(next(m for m, op in c.meta.method_to_api_mapping.items() if op == each)):
            check_pages(model.signing_name, c, o, arguments.get(each, {}))

print("\n".join(wrong))
sys.exit(1 if wrong else 0)
