// Boost.JSON, compiled once here (Debian's library needs no separate package this way).
#include <boost/json/src.hpp>
