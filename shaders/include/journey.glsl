// A rate whose sine comes round exactly when the journey wraps at 8192, so that no jump is ever seen.
#define RATE(r) (floor((r) * 8192.0 / 6.28318531 + 0.5) * 6.28318531 / 8192.0)
