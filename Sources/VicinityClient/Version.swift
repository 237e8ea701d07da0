/// The version that `vicinityctl --version` tells.
package let clientVersion = "0.1.0"
