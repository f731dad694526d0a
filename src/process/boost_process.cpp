// Boost.Process v2, compiled once here.
#include <boost/process/v2/src.hpp>
