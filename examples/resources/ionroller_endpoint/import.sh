# By the endpoint's name: the journal in the provider's bucket knows every argument.
terraform import ionroller_endpoint.checkout checkout
