begin;
select plan(4);

select tests.given_tale('owner');
select tests.make_user('stranger');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_finish('first', 'They lived.');
select tests.given_forgotten('first');
create temp table views as select tests.call_read('owner', 'first') as view;

select is(view -> 'generation', 'null', 'the generation is forgotten') from views;
select is(
  jsonb_build_array(view -> 'start', view -> 'text'), '[0, "They lived."]', 'the text is there'
) from views;
select is(view -> 'message', to_jsonb(m) - 'content', 'and how it ended')
from views, public.messages m where m.stream_id = 'first';
select is(tests.call_read('stranger', 'first'), 'null', 'to a stranger it does not exist');

select * from finish();
rollback;
