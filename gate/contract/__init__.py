"""The promises: loaded from TOML, validated strictly, one id each."""
