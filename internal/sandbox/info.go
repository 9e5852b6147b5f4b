// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"encoding/json"
	"strings"
)

// Info is what a client needs to know.
type Info struct {
	EndpointURL             string            `json:"endpoint_url"`
	Region                  string            `json:"region"`
	AccessKeyID             string            `json:"access_key_id"`
	SecretAccessKey         string            `json:"secret_access_key"`
	ReadOnlyAccessKeyID     string            `json:"read_only_access_key_id"`
	ReadOnlySecretAccessKey string            `json:"read_only_secret_access_key"`
	AccountID               string            `json:"account_id"`
	Bucket                  string            `json:"bucket"`
	VPCID                   string            `json:"vpc_id"`
	Subnets                 []string          `json:"subnets"`
	SecurityGroupID         string            `json:"security_group_id"`
	LoadBalancerARN         string            `json:"load_balancer_arn"`
	ListenerARN             string            `json:"listener_arn"`
	LoadBalancerURL         string            `json:"load_balancer_url"`
	HostedZone              string            `json:"hosted_zone"` // name
	HostedZoneID            string            `json:"hosted_zone_id"`
	Listeners               map[string]string `json:"listeners"` // URL by listener ARN
	// Variables is the environment of a client, as NAME=value.
	Variables []string `json:"variables"`
	// Accounts are those there are by now, by account number.
	Accounts map[string]Account `json:"accounts"`
}

// variables are those of AWS's clients, those of the command, those that are
// handy in a shell, and those of the examples' Terraform variables.
func (i Info) variables() []string {
	subnets, _ := json.Marshal(i.Subnets) // strings always marshal
	return []string{
		"AWS_ENDPOINT_URL=" + i.EndpointURL,
		"AWS_REGION=" + i.Region,
		"AWS_DEFAULT_REGION=" + i.Region, // the AWS CLI before version 2, and boto3
		"AWS_ACCESS_KEY_ID=" + i.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + i.SecretAccessKey,
		"IONROLLER_BUCKET=" + i.Bucket,
		"VPC_ID=" + i.VPCID,
		"SUBNETS=" + strings.Join(i.Subnets, ","),
		"LISTENER_ARN=" + i.ListenerARN,
		"LOAD_BALANCER_URL=" + i.LoadBalancerURL,
		"HOSTED_ZONE_ID=" + i.HostedZoneID,
		"TF_VAR_bucket=" + i.Bucket,
		"TF_VAR_vpc_id=" + i.VPCID,
		"TF_VAR_subnets=" + string(subnets),
		"TF_VAR_listener_arn=" + i.ListenerARN,
	}
}

// Account is what an account began with.
type Account struct {
	Bucket          string   `json:"bucket"`
	VPCID           string   `json:"vpc_id"`
	Subnets         []string `json:"subnets"`
	SecurityGroupID string   `json:"security_group_id"`
	LoadBalancerARN string   `json:"load_balancer_arn"`
	ListenerARN     string   `json:"listener_arn"`
	LoadBalancerURL string   `json:"load_balancer_url"`
	HostedZone      string   `json:"hosted_zone"` // name
	HostedZoneID    string   `json:"hosted_zone_id"`
}

// Info tells clients what they need.
func (s *Sandbox) Info() Info {
	info := s.info
	info.Listeners = map[string]string{}
	for arn, addr := range s.cloud.ListenerAddresses() {
		info.Listeners[arn] = "http://" + addr
	}
	info.Accounts = map[string]Account{}
	for id, s := range s.cloud.Accounts() {
		info.Accounts[id] = Account{
			Bucket: s.Bucket, VPCID: s.VPC, Subnets: s.Subnets, SecurityGroupID: s.SecurityGroup, LoadBalancerARN: s.LoadBalancerARN,
			ListenerARN: s.ListenerARN, LoadBalancerURL: "http://" + s.LoadBalancerAddr,
			HostedZone: s.HostedZone, HostedZoneID: s.HostedZoneID,
		}
	}
	return info
}
