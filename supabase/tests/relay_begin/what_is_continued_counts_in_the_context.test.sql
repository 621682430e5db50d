begin; select plan(3);
select tests.given_tale('owner');
select tests.given_message('long answer', 'tale', 'first question', false, repeat('🦊', 524287) || 'x');
select is(tests.call_begin('owner', 'b', continue_of => 'long answer') ->> 'code', 'payload_too_large',
  'the old text counts as part of the context');
select is(tests.call_begin('owner', 'b', continue_of => 'long answer') -> 'characters', '524302',
  'in characters, with the path');
select is(tests.call_begin('owner', 'b', continue_of => 'long answer', max_context => 524302) ->> 'outcome', 'admitted',
  'with room for it, one unit below the limit goes on');

select * from finish(); rollback;
