# Says what installing into an environment needs. Runs with the environment's packages, because only they make it one.
import json
import os
import platform
import sys
import sysconfig

paths = sysconfig.get_paths()
implementation = sys.implementation.version
release = "{0.major}.{0.minor}.{0.micro}".format(implementation)
if implementation.releaselevel != "final":
    release += implementation.releaselevel[0] + str(implementation.serial)

facts = {
    "prefix": sys.prefix,
    "is_environment": sys.prefix != sys.base_prefix,
    "is_managed": os.path.isfile(os.path.join(paths["stdlib"], "EXTERNALLY-MANAGED")),
    "purelib": paths["purelib"],
    "platlib": paths["platlib"],
    "scripts": paths["scripts"],
    "data": paths["data"],
    "headers": os.path.join(sys.prefix, "include", "site", "python{}.{}".format(*sys.version_info)),
    "markers": {
        "implementation_name": sys.implementation.name,
        "implementation_version": release,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    },
}

sys.stdout.write("\nironwheel " + json.dumps(facts) + "\n")
