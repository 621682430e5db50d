begin; select plan(9);
select tests.given_tale('owner');
select tests.given_message('empty answer', 'tale', 'first question', false, '');
select tests.given_message('longest answer', 'tale', 'first question', false, repeat('🦊', 524288));
select tests.given_message('long answer', 'tale', 'first question', false, repeat('🦊', 524287) || 'x');
create temp table before as select tests.everything() as everything;
select is(tests.call_begin('owner', 'a', continue_of => message) - 'rate', refusal::jsonb || '{
  "outcome": "refused", "code": "invalid_request", "field": "continue_of"}', message) from (values
  ('second question', '{"units": null}'), ('empty answer', '{"units": 0}'), ('longest answer', '{"units": 1048576}')
) as m (message, refusal);
select is(tests.call_begin('owner', 'a', continue_of => 'no message') ->> 'code', 'message_not_found', 'an unknown one');
select tests.make_user('stranger');
select is(tests.call_begin('stranger', 'a', continue_of => 'first answer') ->> 'code', 'message_not_found',
  'another user''s');
select is(tests.everything() #- '{relay.counters}', everything #- '{relay.counters}', 'nothing has changed') from before;

select is(tests.call_begin('owner', 'b', continue_of => 'long answer') ->> 'code', 'payload_too_large',
  'the old text counts as part of the context');
select is(tests.call_begin('owner', 'b', continue_of => 'long answer') -> 'characters', '524302',
  'in characters, with the path');
select is(tests.call_begin('owner', 'b', continue_of => 'long answer', max_context => 524302) ->> 'outcome', 'admitted',
  'with room for it, one unit below the limit goes on');

select * from finish(); rollback;
