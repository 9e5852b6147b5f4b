# Copyright IonRoller Authors
# SPDX-License-Identifier: MPL-2.0
"""Calls the sandbox's operations through boto3, which parses answers strictly.

Argument: the sandbox's info as JSON. The first thing that is wrong ends it.
"""

import base64
import datetime
import io
import json
import sys
import time
import zipfile

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

info = json.loads(sys.argv[1])


def client(name, session=boto3, **credentials):
    if not credentials:
        credentials = {"aws_access_key_id": info["access_key_id"], "aws_secret_access_key": info["secret_access_key"]}
    return session.client(
        name,
        endpoint_url=info["endpoint_url"],
        region_name=info["region"],
        **credentials,
        config=Config(retries={"max_attempts": 1}),
    )


def until(what, done):
    deadline = time.monotonic() + 20
    while not done():
        if time.monotonic() > deadline:
            sys.exit(f"waited in vain until {what}")
        time.sleep(0.02)


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        assert e.response["ResponseMetadata"]["RequestId"], e
        return
    sys.exit(f"{code} expected")


sts, s3, eb, elb = client("sts"), client("s3"), client("elasticbeanstalk"), client("elbv2")
asg, cfn, ec2, cw, ecr = client("autoscaling"), client("cloudformation"), client("ec2"), client("cloudwatch"), client("ecr")
r53 = client("route53")

assert sts.get_caller_identity()["Account"] == info["account_id"]
role = sts.assume_role(RoleArn="arn:aws:iam::210987654321:role/x", RoleSessionName="smoke")["Credentials"]
there = {"aws_access_key_id": role["AccessKeyId"], "aws_secret_access_key": role["SecretAccessKey"], "aws_session_token": role["SessionToken"]}
assert client("sts", **there).get_caller_identity()["Arn"] == "arn:aws:sts::210987654321:assumed-role/x/smoke"
other = client("elbv2", **there).describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
assert ":210987654321:" in other and other != info["load_balancer_arn"]
del there["aws_session_token"]
refused("InvalidClientTokenId", client("elbv2", **there).describe_load_balancers)
claims = base64.urlsafe_b64encode(json.dumps({"iss": "https://ci.acme.com", "sub": "pipeline", "aud": "aws"}).encode()).decode().rstrip("=")
web = sts.assume_role_with_web_identity(
    RoleArn=f"arn:aws:iam::{info['account_id']}:role/x", RoleSessionName="smoke", WebIdentityToken=f"e30.{claims}.x")
assert (web["Provider"], web["SubjectFromWebIdentityToken"], web["Audience"]) == ("ci.acme.com", "pipeline", "aws"), web
refused("InvalidIdentityToken", sts.assume_role_with_web_identity, RoleArn="arn:aws:iam::210987654321:role/x", RoleSessionName="smoke", WebIdentityToken="token")
iam = client("iam")
assert iam.get_role(RoleName="x")["Role"]["Arn"] == f"arn:aws:iam::{info['account_id']}:role/x"
reading = f"arn:aws:iam::{info['account_id']}:user/read-only"
judged = iam.simulate_principal_policy(
    PolicySourceArn=reading, ActionNames=["s3:GetObject", "s3:PutObject"], ResourceArns=["arn:aws:s3:::a/b", "arn:aws:s3:::a/c"],
    ContextEntries=[{"ContextKeyName": "aws:RequestedRegion", "ContextKeyValues": ["us-east-1"], "ContextKeyType": "string"}])
assert [r["EvalDecision"] for r in judged["EvaluationResults"]] == ["allowed", "implicitDeny"] and not judged["IsTruncated"], judged
assert [r["EvalResourceName"] for r in judged["EvaluationResults"][1]["ResourceSpecificResults"]] == ["arn:aws:s3:::a/b", "arn:aws:s3:::a/c"]
refused("NoSuchEntity", iam.simulate_principal_policy, PolicySourceArn=reading + "s", ActionNames=["s3:GetObject"])
for session in "arn:aws:sts::210987654321:assumed-role/x/smoke", f"arn:aws:iam::{info['account_id']}:root":
    refused("InvalidInput", iam.simulate_principal_policy, PolicySourceArn=session, ActionNames=["s3:GetObject"])
reader = {"aws_access_key_id": info["read_only_access_key_id"], "aws_secret_access_key": info["read_only_secret_access_key"]}
refused("AccessDenied", client("sts", **reader).assume_role, RoleArn="arn:aws:iam::210987654321:role/x", RoleSessionName="smoke")
refused("AccessDenied", client("s3", **reader).put_object, Bucket=info["bucket"], Key="x", Body=b"x")
refused("AccessDenied", client("cloudwatch", **reader).put_metric_data, Namespace="Acme", MetricData=[{"MetricName": "x", "Value": 1}])

# The network.
assert ec2.describe_vpcs(VpcIds=[info["vpc_id"]])["Vpcs"][0]["VpcId"] == info["vpc_id"]
subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [info["vpc_id"]]}])["Subnets"]
assert [s["SubnetId"] for s in subnets] == info["subnets"]
assert ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"] == info["security_group_id"]
assert len(ec2.describe_availability_zones()["AvailabilityZones"]) == 2
assert ec2.describe_instances()["Reservations"] == []
refused("InvalidSubnetID.NotFound", ec2.describe_subnets, SubnetIds=["subnet-0"])
refused("InvalidAction", ec2.describe_volumes)

# An environment.
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as z:
    z.writestr("Dockerrun.aws.json", json.dumps({
        "AWSEBDockerrunVersion": "1", "Image": {"Name": "acme/checkout:1.0.0"}, "Ports": [{"ContainerPort": 8080}],
    }))
s3.put_object(Bucket=info["bucket"], Key="checkout/1.0.0.zip", Body=archive.getvalue())
app = eb.create_application(ApplicationName="checkout", Tags=[{"Key": "team", "Value": "a&b"}])["Application"]
assert app["Versions"] == [] and app["DateCreated"].tzinfo
eb.create_application_version(
    ApplicationName="checkout", VersionLabel="1.0.0", SourceBundle={"S3Bucket": info["bucket"], "S3Key": "checkout/1.0.0.zip"})
assert eb.describe_applications()["Applications"][0]["Versions"] == ["1.0.0"]
eb.update_application(ApplicationName="checkout", Description="Ω <tag> & more")
assert eb.describe_applications(ApplicationNames=["checkout"])["Applications"][0]["Description"] == "Ω <tag> & more"
assert len(eb.describe_application_versions(ApplicationName="checkout")["ApplicationVersions"]) == 1
assert eb.check_dns_availability(CNAMEPrefix="checkout")["Available"]
assert eb.describe_account_attributes()["ResourceQuotas"]["EnvironmentQuota"]["Maximum"] == 200
stacks = eb.list_available_solution_stacks()["SolutionStacks"]
platform = eb.list_platform_versions(
    Filters=[{"Type": "PlatformLifecycleState", "Operator": "=", "Values": ["recommended"]}])["PlatformSummaryList"][0]["PlatformArn"]
assert eb.describe_platform_version(PlatformArn=platform)["PlatformDescription"]["SolutionStackName"] == stacks[0]


def option(namespace, name, value):
    return {"Namespace": namespace, "OptionName": name, "Value": value}


assert eb.describe_environments()["Environments"] == []
environment = eb.create_environment(
    ApplicationName="checkout", EnvironmentName="checkout-1", VersionLabel="1.0.0", PlatformArn=platform,
    Tags=[{"Key": "team", "Value": "checkout"}],
    OptionSettings=[
        option("aws:elasticbeanstalk:environment", "LoadBalancerIsShared", "true"),
        option("aws:elasticbeanstalk:environment", "LoadBalancerType", "application"),
        option("aws:elbv2:loadbalancer", "SharedLoadBalancer", info["load_balancer_arn"]),
        option("aws:autoscaling:asg", "MinSize", "1"),
    ])["EnvironmentId"]


def status():
    return eb.describe_environments(EnvironmentIds=[environment], IncludeDeleted=True)["Environments"][0]["Status"]


until("the environment is ready", lambda: status() == "Ready")
stack = f"awseb-{environment}-stack"
assert cfn.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
resources = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in cfn.describe_stack_resources(StackName=stack)["StackResources"]}
group, scaling = resources["AWSEBV2LoadBalancerTargetGroup"], resources["AWSEBAutoScalingGroup"]
assert resources["AWSEBSecurityGroup"].startswith("sg-")
assert cfn.describe_stack_resource(StackName=stack, LogicalResourceId="AWSEBAutoScalingGroup")["StackResourceDetail"]["PhysicalResourceId"] == scaling
assert len(cfn.list_stack_resources(StackName=stack)["StackResourceSummaries"]) == len(resources)
refused("ValidationError", cfn.describe_stacks, StackName="none")
assert eb.describe_environment_resources(EnvironmentId=environment)["EnvironmentResources"]["AutoScalingGroups"] == [{"Name": scaling}]


def healthy():
    states = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return [s["TargetHealth"]["State"] for s in states] == ["healthy"]


until("its target is healthy", healthy)
until("it is green", lambda: eb.describe_environment_health(EnvironmentId=environment, AttributeNames=["All"])["Color"] == "Green")
assert eb.describe_instances_health(EnvironmentId=environment, AttributeNames=["All"])["InstanceHealthList"][0]["HealthStatus"] == "Ok"
assert eb.describe_events(EnvironmentId=environment)["Events"][-1]["Message"] == "createEnvironment is starting."
settings = eb.describe_configuration_settings(ApplicationName="checkout", EnvironmentName="checkout-1")["ConfigurationSettings"][0]
assert option("aws:autoscaling:asg", "MaxSize", "4") in [{k: o[k] for k in ("Namespace", "OptionName", "Value")} for o in settings["OptionSettings"]]
arn = eb.describe_environments()["Environments"][0]["EnvironmentArn"]
assert {"Key": "team", "Value": "checkout"} in eb.list_tags_for_resource(ResourceArn=arn)["ResourceTags"]
eb.update_tags_for_resource(ResourceArn=arn, TagsToAdd=[{"Key": "more", "Value": "x"}], TagsToRemove=["team"])
until("the tags are updated", lambda: status() == "Ready")
# An update under way refuses another; on a busy machine it may be over before that is asked.
def refuses_while_updating():
    eb.update_environment(EnvironmentId=environment, OptionSettings=[option("aws:autoscaling:asg", "MaxSize", "3")])
    try:
        eb.update_environment(EnvironmentId=environment)
        return False
    except eb.exceptions.ClientError as e:
        assert e.response["Error"]["Code"] == "InvalidParameterValue", e
        return True
    finally:
        until("the settings are updated", lambda: status() == "Ready")
until("an update is refused during another", refuses_while_updating)
assert len(ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["running"]}])["Reservations"]) == 1

# Auto Scaling.
assert asg.describe_auto_scaling_groups(AutoScalingGroupNames=[scaling])["AutoScalingGroups"][0]["TargetGroupARNs"] == [group]
assert asg.describe_auto_scaling_groups(AutoScalingGroupNames=["none"])["AutoScalingGroups"] == []
assert asg.describe_tags(Filters=[{"Name": "auto-scaling-group", "Values": [scaling]}])["Tags"]
instance = asg.describe_auto_scaling_instances()["AutoScalingInstances"][0]["InstanceId"]
asg.suspend_processes(AutoScalingGroupName=scaling, ScalingProcesses=["AlarmNotification"])
asg.resume_processes(AutoScalingGroupName=scaling)
asg.update_auto_scaling_group(AutoScalingGroupName=scaling, MaxSize=4)
asg.set_desired_capacity(AutoScalingGroupName=scaling, DesiredCapacity=2)
assert asg.describe_scaling_activities(AutoScalingGroupName=scaling)["Activities"]
asg.set_instance_health(InstanceId=instance, HealthStatus="Healthy")
extra = elb.create_target_group(Name="extra", Port=80, Protocol="HTTP", VpcId=info["vpc_id"], Tags=[{"Key": "a", "Value": "b"}])["TargetGroups"][0]
assert extra["LoadBalancerArns"] == [] and extra["Matcher"] == {"HttpCode": "200"}
sources = [{"Identifier": extra["TargetGroupArn"], "Type": "elbv2"}]
asg.attach_traffic_sources(AutoScalingGroupName=scaling, TrafficSources=sources)
assert len(asg.describe_traffic_sources(AutoScalingGroupName=scaling)["TrafficSources"]) == 2
asg.detach_traffic_sources(AutoScalingGroupName=scaling, TrafficSources=sources)
asg.attach_load_balancer_target_groups(AutoScalingGroupName=scaling, TargetGroupARNs=[extra["TargetGroupArn"]])
assert len(asg.describe_load_balancer_target_groups(AutoScalingGroupName=scaling)["LoadBalancerTargetGroups"]) == 2
asg.detach_load_balancer_target_groups(AutoScalingGroupName=scaling, TargetGroupARNs=[extra["TargetGroupArn"]])
asg.terminate_instance_in_auto_scaling_group(InstanceId=instance, ShouldDecrementDesiredCapacity=True)

# Load balancing.
listener = info["listener_arn"]
assert elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"] == info["load_balancer_arn"]
assert elb.describe_load_balancer_attributes(LoadBalancerArn=info["load_balancer_arn"])["Attributes"]
elb.modify_load_balancer_attributes(LoadBalancerArn=info["load_balancer_arn"], Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "30"}])
assert elb.describe_listeners(LoadBalancerArn=info["load_balancer_arn"])["Listeners"][0]["ListenerArn"] == listener
assert elb.describe_listener_attributes(ListenerArn=listener)["Attributes"] == []
conditions = [
    {"Field": "host-header", "HostHeaderConfig": {"Values": ["checkout.acme.com"]}},
    {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}},
    {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Next", "Values": ["yes"]}},
    {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "next", "Value": "yes"}]}},
]
forward = [{"Type": "forward", "ForwardConfig": {
    "TargetGroups": [{"TargetGroupArn": group, "Weight": 1}, {"TargetGroupArn": extra["TargetGroupArn"], "Weight": 0}],
    "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60}}}]
rule = elb.create_rule(ListenerArn=listener, Priority=500, Conditions=conditions, Actions=forward, Tags=[{"Key": "a", "Value": "b"}])["Rules"][0]
assert [c["Field"] for c in rule["Conditions"]] == [c["Field"] for c in conditions]
assert rule["Actions"][0]["ForwardConfig"]["TargetGroups"][1]["Weight"] == 0
rules = elb.describe_rules(ListenerArn=listener)["Rules"]
assert rules[-1]["Priority"] == "default" and rules[-1]["Conditions"] == []
elb.modify_rule(RuleArn=rule["RuleArn"], Actions=[{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_302", "Path": "/x"}}])
elb.set_rule_priorities(RulePriorities=[{"RuleArn": rule["RuleArn"], "Priority": 400}])
elb.add_tags(ResourceArns=[rule["RuleArn"]], Tags=[{"Key": "c", "Value": "d"}])
elb.remove_tags(ResourceArns=[rule["RuleArn"]], TagKeys=["a"])
assert elb.describe_tags(ResourceArns=[rule["RuleArn"]])["TagDescriptions"][0]["Tags"] == [{"Key": "c", "Value": "d"}]
elb.delete_rule(RuleArn=rule["RuleArn"])
refused("RuleNotFound", elb.describe_rules, RuleArns=[rule["RuleArn"]])
refused("PriorityInUse", elb.create_rule, ListenerArn=listener, Priority=int(rules[0]["Priority"]), Conditions=conditions, Actions=forward)
elb.modify_target_group(TargetGroupArn=extra["TargetGroupArn"], HealthCheckPath="/healthz")
elb.modify_target_group_attributes(TargetGroupArn=extra["TargetGroupArn"], Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "5"}])
attributes = {a["Key"]: a["Value"] for a in elb.describe_target_group_attributes(TargetGroupArn=extra["TargetGroupArn"])["Attributes"]}
assert attributes["deregistration_delay.timeout_seconds"] == "5"
assert len(elb.describe_target_groups()["TargetGroups"]) == 2
until("the other instance is healthy", healthy)
target = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"][-1]["Target"]["Id"]
elb.register_targets(TargetGroupArn=extra["TargetGroupArn"], Targets=[{"Id": target}])
elb.deregister_targets(TargetGroupArn=extra["TargetGroupArn"], Targets=[{"Id": target}])
assert elb.describe_target_health(TargetGroupArn=extra["TargetGroupArn"])["TargetHealthDescriptions"] == []
second = elb.create_load_balancer(Name="second", Subnets=info["subnets"])["LoadBalancers"][0]
more = elb.create_listener(LoadBalancerArn=second["LoadBalancerArn"], Port=8080, Protocol="HTTP", DefaultActions=[{"Type": "forward", "TargetGroupArn": extra["TargetGroupArn"]}])["Listeners"][0]
refused("ResourceInUse", elb.delete_target_group, TargetGroupArn=extra["TargetGroupArn"])
elb.modify_listener(ListenerArn=more["ListenerArn"], Port=8081)
elb.delete_listener(ListenerArn=more["ListenerArn"])
elb.delete_load_balancer(LoadBalancerArn=second["LoadBalancerArn"])
elb.delete_target_group(TargetGroupArn=extra["TargetGroupArn"])
assert {"Name": "condition-values-per-alb-rule", "Max": "5"} in elb.describe_account_limits()["Limits"]


def cloudwatch(cw, namespace):
    """CloudWatch, by one of the protocols that clients of today and of before speak."""
    now = datetime.datetime.now(datetime.timezone.utc)
    window = {"StartTime": now - datetime.timedelta(minutes=5), "EndTime": now + datetime.timedelta(minutes=5)}

    def hosts():
        return cw.list_metrics(Namespace="AWS/ApplicationELB", MetricName="HealthyHostCount", Dimensions=[
            {"Name": "TargetGroup", "Value": group.split(":")[-1]}])["Metrics"]

    until("the hosts are counted", hosts)
    metrics = hosts()
    assert len(metrics) == 1, metrics
    data = cw.get_metric_data(MetricDataQueries=[{"Id": "hosts", "MetricStat": {"Metric": metrics[0], "Period": 60, "Stat": "Maximum"}}], **window)
    assert data["MetricDataResults"][0]["Values"], data
    points = cw.get_metric_statistics(Namespace="AWS/ApplicationELB", MetricName="HealthyHostCount", Dimensions=metrics[0]["Dimensions"], Period=60, Statistics=["Maximum"], **window)
    assert points["Datapoints"][0]["Timestamp"].tzinfo
    refused("InvalidParameterValue", cw.get_metric_statistics, Namespace="x", MetricName="y", Period=7, Statistics=["Sum"], **window)
    cw.put_metric_data(Namespace=namespace, MetricData=[
        {"MetricName": "Errors", "Dimensions": [{"Name": "Service", "Value": "checkout"}], "Values": [1, 2], "Counts": [3, 1], "Unit": "Count"}])
    errors = {"Namespace": namespace, "MetricName": "Errors", "Dimensions": [{"Name": "Service", "Value": "checkout"}]}
    data = cw.get_metric_data(MetricDataQueries=[
        {"Id": "sum", "MetricStat": {"Metric": errors, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
        {"Id": "double", "Expression": "2 * FILL(sum, 0)", "Label": "twice"}], **window)["MetricDataResults"]
    assert [(r["Label"], sum(r["Values"])) for r in data] == [("twice", 10)], data
    refused("InvalidParameterValue", cw.put_metric_data, Namespace="AWS/" + namespace, MetricData=[{"MetricName": "x", "Value": 1}])
    cw.put_metric_alarm(
        AlarmName="errors", Namespace=namespace, MetricName="Errors", Dimensions=errors["Dimensions"], Period=60, EvaluationPeriods=1, Statistic="Sum",
        Threshold=4, ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore", Tags=[{"Key": "team", "Value": "checkout"}])
    alarm = cw.describe_alarms(AlarmNames=["errors", "none"])["MetricAlarms"][0]
    assert alarm["TreatMissingData"] == "ignore" and alarm["StateTransitionedTimestamp"].tzinfo
    until("the alarm is raised", lambda: cw.describe_alarms(StateValue="ALARM")["MetricAlarms"])
    cw.put_composite_alarm(AlarmName="all", AlarmRule="ALARM(errors) AND NOT FALSE")
    assert cw.describe_alarms()["CompositeAlarms"] == []
    until("the composite alarm is raised", lambda: cw.describe_alarms(AlarmTypes=["CompositeAlarm"], StateValue="ALARM")["CompositeAlarms"])
    assert [a["AlarmName"] for a in cw.describe_alarms_for_metric(**errors)["MetricAlarms"]] == ["errors"]
    assert cw.describe_alarm_history(AlarmName="errors", HistoryItemType="StateUpdate")["AlarmHistoryItems"][-1]["HistorySummary"].endswith("to ALARM")
    cw.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="smoke")
    cw.disable_alarm_actions(AlarmNames=["errors"])
    assert not cw.describe_alarms(AlarmNamePrefix="err")["MetricAlarms"][0]["ActionsEnabled"]
    cw.enable_alarm_actions(AlarmNames=["errors"])
    cw.tag_resource(ResourceARN=alarm["AlarmArn"], Tags=[{"Key": "a", "Value": "b"}])
    cw.untag_resource(ResourceARN=alarm["AlarmArn"], TagKeys=["team"])
    assert cw.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"] == [{"Key": "a", "Value": "b"}]
    refused("ResourceNotFound", cw.delete_alarms, AlarmNames=["errors", "none"])
    cw.delete_alarms(AlarmNames=["errors", "all"])


for protocol in ("smithy-rpc-v2-cbor", "json", "query"):
    session = botocore.session.get_session()
    metadata = session.get_component("data_loader").load_service_model("cloudwatch", "service-2")["metadata"]
    metadata["protocol"], metadata["protocols"] = protocol, [protocol]
    cloudwatch(client("cloudwatch", boto3.Session(botocore_session=session)), "Acme." + protocol)

# Images.
refused("RepositoryNotFoundException", ecr.describe_images, repositoryName="checkout")
repository = ecr.create_repository(repositoryName="checkout")["repository"]
assert repository["repositoryUri"] == f"{info['account_id']}.dkr.ecr.{info['region']}.amazonaws.com/checkout" and repository["createdAt"].tzinfo
refused("RepositoryAlreadyExistsException", ecr.create_repository, repositoryName="checkout")
digest = ecr.put_image(repositoryName="checkout", imageManifest='{"schemaVersion": 2}', imageTag="1.0.0")["image"]["imageId"]["imageDigest"]
refused("ImageAlreadyExistsException", ecr.put_image, repositoryName="checkout", imageManifest='{"schemaVersion": 2}', imageTag="1.0.0")
details = ecr.describe_images(registryId=info["account_id"], repositoryName="checkout", imageIds=[{"imageTag": "1.0.0"}])["imageDetails"]
assert [(d["imageDigest"], d["imageTags"]) for d in details] == [(digest, ["1.0.0"])] and details[0]["imagePushedAt"].tzinfo
refused("ImageNotFoundException", ecr.describe_images, repositoryName="checkout", imageIds=[{"imageTag": "9"}])
ecr.put_image(repositoryName="checkout", imageManifest='{"schemaVersion": 2, "other": true}', imageTag="1.0.0")
assert [d.get("imageTags", []) for d in ecr.describe_images(repositoryName="checkout")["imageDetails"]] == [[], ["1.0.0"]]

# Route 53
zone = r53.create_hosted_zone(Name="acme.com", CallerReference="smoke")["HostedZone"]["Id"]
assert [z["Name"] for z in r53.list_hosted_zones()["HostedZones"]] == ["acme.test.", "acme.com."]
assert r53.list_hosted_zones_by_name(DNSName="acme.test")["HostedZones"][0]["Id"] == "/hostedzone/" + info["hosted_zone_id"]
assert r53.get_hosted_zone(Id=zone)["HostedZone"]["ResourceRecordSetCount"] == 2
assert r53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone.split("/")[-1])["ResourceTagSet"]["Tags"] == []
front = elb.describe_load_balancers(LoadBalancerArns=[info["load_balancer_arn"]])["LoadBalancers"][0]
target = {"HostedZoneId": front["CanonicalHostedZoneId"], "DNSName": front["DNSName"], "EvaluateTargetHealth": False}
alias = {"Name": "*.acme.com", "Type": "A", "AliasTarget": target}
create = {"HostedZoneId": zone, "ChangeBatch": {"Changes": [{"Action": "CREATE", "ResourceRecordSet": alias}]}}
change = r53.change_resource_record_sets(**create)["ChangeInfo"]["Id"]
refused("InvalidChangeBatch", r53.change_resource_record_sets, **create)
until("the change is in sync", lambda: r53.get_change(Id=change)["ChangeInfo"]["Status"] == "INSYNC")
seen = r53.list_resource_record_sets(HostedZoneId=zone, StartRecordName="*.acme.com")["ResourceRecordSets"][0]
assert seen["Name"] == "\\052.acme.com." and seen["AliasTarget"] == {**target, "DNSName": front["DNSName"] + "."}, seen
refused("HostedZoneNotEmpty", r53.delete_hosted_zone, Id=zone)
r53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": seen}]})
r53.delete_hosted_zone(Id=zone)
refused("NoSuchHostedZone", r53.get_hosted_zone, Id=zone)

# The end.
eb.terminate_environment(EnvironmentId=environment)
until("the environment is terminated", lambda: status() == "Terminated")
assert eb.describe_environments(IncludeDeleted=False)["Environments"] == []
eb.delete_application_version(ApplicationName="checkout", VersionLabel="1.0.0", DeleteSourceBundle=True)
eb.delete_application(ApplicationName="checkout")
assert eb.describe_applications()["Applications"] == []
