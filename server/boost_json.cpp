// Boost.JSON, compiled once for the server and the tool.
#include <boost/json/src.hpp>
