from setuptools import find_packages, setup

REQUIRED = ["requests>=2.28", "click"]

setup(
    name="legacy",
    version="3.2",
    packages=find_packages(),
    python_requires=">=3.9",
    install_requires=REQUIRED,
    extras_require={"dev": ["pytest", "ruff"], "s3": ["boto3"]},
)
