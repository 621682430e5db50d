begin; select plan(16);
select tests.given_tale('owner');
update public.messages set content = repeat('é', 100) where conversation_id = tests.key('tale');
select is(
  tests.call_begin('owner', 'a', repeat('x', 50), conversation => 'tale', max_context => 450) ->> 'outcome', 'admitted',
  'four messages of 100 characters and a prompt of 50 are 450');
select tests.given_active_leaf('tale', 'second answer');
create temp table refused as
  select tests.call_begin('owner', 'b', repeat('x', 51), conversation => 'tale', max_context => 450) as answer;
select is(answer ->> 'outcome', 'refused', 'one more is refused') from refused;
select is(answer ->> 'code', 'payload_too_large', 'with this code') from refused;
select is(answer ->> 'characters', '451', 'with its length') from refused;
select is(tests.call_begin('owner', 'c', repeat('x', 51), parent => 'first answer', max_context => 450) ->> 'outcome',
  'admitted', 'only the path counts');
select is(
  tests.call_begin('owner', 'd', reroll_of => 'second answer', max_context => 299) ->> 'code', 'payload_too_large',
  'regenerating has the same limit');
create temp table given as select tests.call_begin('owner', 'e', conversation => 'tale', parent => 'second answer',
  max_context => 1, context_is_given => true) as answer;
select is(answer ->> 'outcome', 'admitted', 'where the client sends the context, the path is not read') from given;
select is(answer -> 'context', 'null', 'nor answered') from given;

-- A path that is longer than the first bound is counted, so that its size is known before it is asked for again.
select tests.given_active_leaf('tale', 'second answer');
create temp table asked as select tests.everything() as everything;
create temp table long as
  select tests.call_begin('owner', 'f', repeat('x', 51), conversation => 'tale', max_context => 150, rate_limit => 100,
    max_concurrent => 100) as answer;
select is(answer ->> 'code', 'payload_too_large', 'a long path is refused') from long;
select is(answer ->> 'characters', '451', 'the whole of it is counted, behind what is too much already') from long;
select is(tests.everything(), everything, 'nothing is written') from asked;
create temp table again as
  select tests.call_begin('owner', 'f', repeat('x', 51), conversation => 'tale',
    max_context => (answer ->> 'characters')::integer, rate_limit => 100, max_concurrent => 100, fence => 'own') as answer
  from long;
select is(jsonb_array_length(answer -> 'context'), 5, 'with room for that it is admitted, with all of its messages')
  from again;
select is(
  tests.call_begin('owner', 'f', repeat('x', 51), conversation => 'tale', max_context => 150, fence => 'own') - 'rate',
  '{"outcome": "refused", "code": "payload_too_large", "characters": 451}',
  'its worker asks again, without room: it gets no part of the path');
select is(
  tests.call_begin('owner', 'f', repeat('x', 51), conversation => 'tale', max_context => 1, fence => 'own',
    context_is_given => true) -> 'context', 'null', 'where the client has sent the context, it needs no room');
select is(relay.context_of(tests.key('second answer'), 150, null, 10000, 250),
  '{"characters": 300, "fits": false, "messages": null, "bytes": null}', 'no more is counted than can ever fit, and a message');
select is(relay.context_of(tests.key('second answer'), 4000, null, 3),
  '{"characters": 400, "fits": false, "messages": null, "bytes": null}', 'a path of too many messages is as long as it is, and refused');

select * from finish(); rollback;
