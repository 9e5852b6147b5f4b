output "steps" {
  value = provider::ionroller::canary_steps(5, "10m", "30m") # 5 %, then 100 %
}
