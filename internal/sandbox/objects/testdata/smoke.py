# Copyright IonRoller Authors
# SPDX-License-Identifier: MPL-2.0
"""Drives the store with boto3, a client that checks what it is sent.

The endpoint is the first argument. The last line printed is "ok".
"""
import filecmp
import os
import sys
import tempfile

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError


def client(region):
    return boto3.client(
        "s3", endpoint_url=sys.argv[1], region_name=region,
        aws_access_key_id="AKID", aws_secret_access_key="SECRET",
        config=Config(retries={"total_max_attempts": 1}))


def fails(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return e.response
    raise AssertionError(f"{code} expected of {call.__name__} {arguments}")


s3 = client("us-east-1")
s3.create_bucket(Bucket="smoke")
s3.create_bucket(Bucket="abroad", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
assert {b["Name"] for b in s3.list_buckets()["Buckets"]} >= {"smoke", "abroad"}
assert s3.get_bucket_location(Bucket="abroad")["LocationConstraint"] == "eu-west-1"
assert s3.get_bucket_location(Bucket="smoke")["LocationConstraint"] is None
assert client("eu-west-1").head_bucket(Bucket="abroad")["BucketRegion"] == "eu-west-1"
assert "Status" not in s3.get_bucket_versioning(Bucket="smoke")
rule = s3.get_bucket_encryption(Bucket="smoke")["ServerSideEncryptionConfiguration"]["Rules"][0]
assert rule == {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}, rule
block = s3.get_public_access_block(Bucket="smoke")["PublicAccessBlockConfiguration"]
assert len(block) == 4 and all(block.values()), block
s3.delete_public_access_block(Bucket="smoke")
fails("NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, Bucket="smoke")
s3.put_public_access_block(Bucket="smoke", PublicAccessBlockConfiguration={"BlockPublicAcls": True})
block = s3.get_public_access_block(Bucket="smoke")["PublicAccessBlockConfiguration"]
assert block == {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}, block
# boto3 follows to the Region that the redirect names.
assert s3.list_objects_v2(Bucket="abroad")["KeyCount"] == 0

names = ["a b+c/%2F", "a/1", "é/ü", "z"]
for name in names:
    for algorithm in ["CRC32", "SHA1", "SHA256"]:
        put = s3.put_object(Bucket="smoke", Key=name, Body=b"hello", ChecksumAlgorithm=algorithm,
                            Metadata={"m": "v"}, ContentType="text/plain")
        assert put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"', put
        assert put["ServerSideEncryption"] == "AES256"
        got = s3.get_object(Bucket="smoke", Key=name, ChecksumMode="ENABLED")
        assert got["Body"].read() == b"hello" and got["Checksum" + algorithm] == put["Checksum" + algorithm]
        assert got["Metadata"] == {"m": "v"} and got["ContentType"] == "text/plain", (name, algorithm, got)

listed = s3.list_objects_v2(Bucket="smoke")
assert [o["Key"] for o in listed["Contents"]] == sorted(names, key=lambda n: n.encode()), listed
pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="smoke", Delimiter="/", PaginationConfig={"PageSize": 1}))
assert len(pages) == 4, pages
assert [p["Prefix"] for page in pages for p in page.get("CommonPrefixes", [])] == ["a b+c/", "a/", "é/"]
pages = list(s3.get_paginator("list_objects").paginate(Bucket="smoke", Delimiter="/", PaginationConfig={"PageSize": 1}))
assert len(pages) == 4, pages

fails("PreconditionFailed", s3.put_object, Bucket="smoke", Key="z", Body=b"x", IfNoneMatch="*")
fails("PreconditionFailed", s3.put_object, Bucket="smoke", Key="z", Body=b"x", IfMatch='"other"')
fails("NoSuchKey", s3.put_object, Bucket="smoke", Key="none", Body=b"x", IfMatch='"other"')
fails("PreconditionFailed", s3.delete_object, Bucket="smoke", Key="z", IfMatch='"other"')
fails("NoSuchKey", s3.get_object, Bucket="smoke", Key="none")
fails("304", s3.get_object, Bucket="smoke", Key="z", IfNoneMatch=put["ETag"])
fails("404", s3.head_object, Bucket="smoke", Key="none")
fails("NotImplemented", s3.get_bucket_acl, Bucket="smoke")
fails("NotImplemented", s3.put_bucket_versioning, Bucket="smoke", VersioningConfiguration={"Status": "Enabled"})
fails("NotImplemented", s3.delete_bucket_encryption, Bucket="smoke")
fails("BucketNotEmpty", s3.delete_bucket, Bucket="smoke")

copied = s3.copy_object(Bucket="smoke", Key="copy", CopySource={"Bucket": "smoke", "Key": names[0]})
assert copied["CopyObjectResult"]["ETag"] == put["ETag"]
s3.put_object_tagging(Bucket="smoke", Key="copy", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
assert s3.get_object_tagging(Bucket="smoke", Key="copy")["TagSet"] == [{"Key": "k", "Value": "v"}]
s3.delete_object_tagging(Bucket="smoke", Key="copy")
assert s3.get_object_tagging(Bucket="smoke", Key="copy")["TagSet"] == []

# Big files go in parts, by whatever the client thinks of.
with tempfile.NamedTemporaryFile() as file:
    file.write(os.urandom(1 << 20) * 11)
    file.flush()
    parts = TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=5 << 20)
    s3.upload_file(file.name, "smoke", "big", Config=parts, ExtraArgs={"ContentType": "text/x"})
    head = s3.head_object(Bucket="smoke", Key="big", ChecksumMode="ENABLED")
    assert head["ETag"].endswith('-3"') and head["ContentLength"] == 11 << 20 and head["ContentType"] == "text/x", head
    s3.copy({"Bucket": "smoke", "Key": "big"}, "smoke", "big", Config=parts, ExtraArgs={"MetadataDirective": "REPLACE"})
    with tempfile.NamedTemporaryFile() as back:
        s3.download_file("smoke", "big", back.name, Config=parts)
        assert filecmp.cmp(file.name, back.name, shallow=False)
s3.delete_object(Bucket="smoke", Key="big")
upload = s3.create_multipart_upload(Bucket="smoke", Key="z/ü")
part = {"Bucket": "smoke", "Key": "z/ü", "UploadId": upload["UploadId"]}
s3.upload_part(PartNumber=1, Body=b"x", **part)
assert [p["Size"] for p in s3.list_parts(**part)["Parts"]] == [1]
assert [u["Key"] for u in s3.list_multipart_uploads(Bucket="smoke")["Uploads"]] == ["z/ü"]
fails("InvalidPart", s3.complete_multipart_upload, MultipartUpload={"Parts": [{"PartNumber": 2, "ETag": "x"}]}, **part)
s3.abort_multipart_upload(**part)
fails("NoSuchUpload", s3.list_parts, **part)
assert "Uploads" not in s3.list_multipart_uploads(Bucket="smoke")

deleted = s3.delete_objects(Bucket="smoke", Delete={"Objects": [{"Key": n} for n in names + ["copy"]]})
assert len(deleted["Deleted"]) == 5 and "Errors" not in deleted, deleted
s3.delete_bucket(Bucket="smoke")
fails("NoSuchBucket", s3.list_objects_v2, Bucket="smoke")
print("ok")
