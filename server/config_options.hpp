// What `texbuild-server --help` lists: every setting, and what it is for.
#pragma once

#include <boost/program_options/options_description.hpp>

namespace texbuild::server {

boost::program_options::options_description describe_settings();

}  // namespace texbuild::server
