#!/usr/bin/python3
"""Compares docs/openapi.yaml with what the API has answered, in TAP.

    openapi.py docs/openapi.yaml EXCHANGES

EXCHANGES is a list in JSON: of each call the method, the path in the document,
the parameters of the path, the query, the body that was sent, and the status,
the headers and the body of the answer.  What is compared:

  - the document: its form, its references, its schemas, the parameters of its
    paths, unused components;
  - each call is in the document, with its status, and its bodies and headers
    are as the document says;
  - each call and status of the document was made.
"""

import json
import re
import sys

import yaml
from jsonschema import Draft202012Validator, FormatChecker

METHODS = ['get', 'put', 'post', 'delete', 'patch']
HTTP = re.compile(r'[1-5][0-9][0-9]$')


class Text(yaml.SafeLoader):
    """YAML without times: a date is a string"""


Text.yaml_implicit_resolvers = {
    first: [r for r in all_ if r[0] != 'tag:yaml.org,2002:timestamp']
    for first, all_ in yaml.SafeLoader.yaml_implicit_resolvers.items()}


class Document:
    def __init__(self, file):
        with open(file, encoding='utf-8') as text:
            self.doc = yaml.load(text, Loader=Text)
        self.faults = []
        self.used = set()
        self.ids = set()

    def fault(self, where, what):
        self.faults.append(f'{where}: {what}')

    def get(self, thing, where='$ref'):
        """what a reference stands for"""
        while isinstance(thing, dict) and '$ref' in thing:
            ref = thing['$ref']
            self.used.add(ref)
            thing = self.doc

            for part in ref.removeprefix('#/').split('/'):
                thing = thing.get(part) if isinstance(thing, dict) else None

            if thing is None:
                self.fault(where, f'no {ref}')
                return {}
        return thing

    def keys(self, where, thing, required, allowed):
        for key in required:
            if key not in thing:
                self.fault(where, f'no "{key}"')
        for key in thing:
            if key not in required + allowed and not key.startswith('x-'):
                self.fault(where, f'"{key}" is not known')

    # --- the document by itself

    def check(self):
        doc = self.doc
        self.keys('document', doc, ['openapi', 'info', 'paths'],
                  ['servers', 'security', 'tags', 'components'])
        self.keys('info', doc['info'], ['title', 'version'],
                  ['summary', 'description', 'license'])

        if not re.match(r'3\.1\.\d+$', doc['openapi']):
            self.fault('document', 'is not OpenAPI 3.1')

        parts = doc['components']
        self.keys('components', parts, [],
                  ['schemas', 'responses', 'parameters', 'headers',
                   'securitySchemes'])

        for name, schema in parts['schemas'].items():
            self.check_schema(f'schema {name}', schema)
        for name, response in parts['responses'].items():
            self.check_response(f'response {name}', response)
        for name, parameter in parts['parameters'].items():
            self.check_parameter(f'parameter {name}', parameter)
        for name, header in parts['headers'].items():
            self.keys(f'header {name}', header, ['description', 'schema'],
                      ['required'])
            self.check_schema(f'header {name}', header['schema'])
        for path, item in doc['paths'].items():
            self.check_path(path, item)
        for need in doc['security']:
            for name in need:
                self.get({'$ref': f'#/components/securitySchemes/{name}'})

        for kind, all_ in parts.items():
            for name in all_:
                ref = f'#/components/{kind}/{name}'
                if ref not in self.used and name != 'Line':
                    self.fault(ref, 'is not used')

    def check_schema(self, where, schema):
        try:
            Draft202012Validator.check_schema(schema)
        except Exception as e:      # of whatever release of the library
            self.fault(where, str(e).split('\n', maxsplit=1)[0])
        for ref in re.findall(r"'\$ref': '([^']+)'", repr(schema)):
            self.get({'$ref': ref}, where)

    def check_content(self, where, content):
        for kind, media in content.items():
            self.keys(f'{where} {kind}', media, ['schema'], ['example'])
            self.check_schema(f'{where} {kind}', media['schema'])

    def check_response(self, where, response):
        self.keys(where, response, ['description'], ['headers', 'content'])
        self.check_content(where, response.get('content', {}))
        for header in response.get('headers', {}).values():
            self.get(header, where)

    def check_parameter(self, where, parameter):
        self.keys(where, parameter, ['name', 'in', 'description', 'schema'],
                  ['required'])
        self.check_schema(where, parameter['schema'])
        if parameter['in'] == 'path' and not parameter.get('required'):
            self.fault(where, 'is in a path, and not required')

    def check_path(self, path, item):
        self.keys(path, item, [], METHODS + ['parameters'])
        shared = [self.get(p, path) for p in item.get('parameters', [])]

        for method in METHODS:
            if method not in item:
                continue

            where = f'{method.upper()} {path}'
            call = item[method]
            self.keys(where, call, ['operationId', 'summary', 'tags',
                                    'responses'],
                      ['parameters', 'requestBody', 'description'])
            self.check_call(where, path, call, shared)

    def check_call(self, where, path, call, shared):
        if call['operationId'] in self.ids:
            self.fault(where, 'operationId is used twice')
        self.ids.add(call['operationId'])

        if set(call['tags']) - {t['name'] for t in self.doc['tags']}:
            self.fault(where, 'a tag is not known')

        named = [p['name'] for p in shared + [
            self.get(p, where) for p in call.get('parameters', [])]
            if p.get('in') == 'path']
        if sorted(named) != sorted(re.findall(r'{(\w+)}', path)):
            self.fault(where, f'parameters of the path: {named}')

        if 'requestBody' in call:
            self.keys(where, call['requestBody'], ['content'], ['required'])
            self.check_content(where, call['requestBody']['content'])

        for status, response in call['responses'].items():
            if not HTTP.match(status):
                self.fault(where, f'status {status}')
            self.check_response(f'{where} {status}',
                                self.get(response, where))

    # --- what was answered

    def whole(self, schema):
        """the schema without references, which take long; it has no circles"""
        if isinstance(schema, list):
            return [self.whole(s) for s in schema]
        if not isinstance(schema, dict):
            return schema
        return {k: self.whole(v) for k, v in self.get(schema).items()}

    def validate(self, where, schema, value):
        for error in Draft202012Validator(
                self.whole(schema),
                format_checker=FormatChecker()).iter_errors(value):
            self.fault(where, '/'.join(map(str, error.path)) + ': '
                       + error.message[:200])

    def answered(self, got):
        """checks an exchange, and returns what it has covered"""
        method, path = got['method'].lower(), got['path']
        where = f"{got['method']} {path} {got['status']}"
        call = self.doc['paths'].get(path, {}).get(method)

        if call is None:
            self.fault(where, 'the call is not in the document')
            return None

        response = self.get(call['responses'].get(str(got['status'])))
        if response is None:
            self.fault(where, 'the status is not in the document')
            return None

        for name, header in response.get('headers', {}).items():
            value = got['headers'].get(name.lower())
            if value is None:
                self.fault(where, f'no header {name}')
            else:
                self.validate(where, self.get(header)['schema'], value)

        self.compare_body(where, response.get('content', {}),
                          got['headers'].get('content-type'), got['answer'])

        if got['status'] < 300:
            self.check_sent(where, call, got)

        return method, path, str(got['status'])

    def compare_body(self, where, content, kind, body):
        if not content:
            if body:
                self.fault(where, 'has a body')
            return
        if kind not in content:
            self.fault(where, f'is {kind}')
            return
        try:
            self.validate(where, content[kind]['schema'], json.loads(body))
        except ValueError:
            self.fault(where, 'is not JSON')

    def check_sent(self, where, call, got):
        """what was accepted is as the document says, too"""
        body = call.get('requestBody')

        if got.get('sent') is None:
            if body and body.get('required'):
                self.fault(where, 'needs a body, but was made without')
            return
        if body is None or got['type'] not in body['content']:
            self.fault(where, f"takes no {got['type']}")
            return
        if got['type'] == 'application/x-ndjson':
            line = {'$ref': '#/components/schemas/Line'}
            for text in got['sent'].split('\n'):
                if text:
                    self.validate(where + ' line', line, json.loads(text))
            return
        self.validate(where + ' request', body['content'][got['type']]
                      ['schema'], json.loads(got['sent']))

    def documented(self):
        for path, item in self.doc['paths'].items():
            for method in METHODS:
                for status in item.get(method, {}).get('responses', {}):
                    yield method, path, status


def main(file, exchanges):
    document = Document(file)
    n = 0

    def result(name):
        nonlocal n
        n += 1
        print('not ok' if document.faults else 'ok', n, '-', name)
        for fault in document.faults:
            print('#', fault)
        failed = bool(document.faults)
        document.faults = []
        return failed

    document.check()
    failed = result('the document is valid')

    with open(exchanges, encoding='utf-8') as text:
        made = {document.answered(got) for got in json.load(text)}
    failed |= result('each answer is as the document says')

    for method, path, status in document.documented():
        if (method, path, status) not in made:
            document.fault(f'{method.upper()} {path} {status}',
                           'was not answered')
    failed |= result('each status of the document was answered')

    print(f'1..{n}')
    return failed


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
