output "steps" {
  value = provider::ionroller::linear_steps(4, "5m") # 25, 50, 75 and 100 %
}
