/// The version of the daemon and its tools.
package enum Version {
    package static let current = "0.1.0"
}
