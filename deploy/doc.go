// Package deploy holds what runs Gongshu in containers. Its tests hold docker-compose.yml, the image and the scripts to
// what they promise, as far as that can be seen without an engine.
package deploy
