begin;
select plan(5);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_beat('first', 0, 5, 'They ');
select tests.call_finish('first', 'lived.', completion_tokens => 3);
create temp table views as select tests.call_read('owner', 'first', 0) as view;

select is(
  jsonb_build_array(view -> 'start', view -> 'text'), '[0, "They lived."]', 'from its beginning'
) from views;
select is(view -> 'message', to_jsonb(m) - 'content', 'with the rest of the message')
from views, public.messages m where m.stream_id = 'first';
select is(view -> 'generation', to_jsonb(g) - 'fence', 'and of the generation')
from views, relay.generations g where g.stream_id = 'first';
select is(tests.call_read('owner', 'first', 5), view, 'whatever the offset: the reader knows what to leave out')
from views;
select is(tests.call_read('owner', 'first', 99), view, 'also beyond the end') from views;

select * from finish();
rollback;
