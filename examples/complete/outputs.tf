output "load_balancer" {
  description = "Where the load balancer is: point the host's DNS record here."
  value       = aws_lb.shared.dns_name
}

output "status" {
  value = ionroller_endpoint.hello.status
}
